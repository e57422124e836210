"""Generated queries on Bulksend's own schema and a real database: our executor agrees with graphql-core."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest
from graphql import DocumentNode, visit
from graphql import execute as execute_by_graphql_core
from hypothesis import given
from hypothesis import strategies as st
from support.differential.comparing import differences, shown
from support.differential.executions import Request, see_here
from support.differential.existing import Existing
from support.differential.literals import documents
from support.differential.strawberry_objects import OPTIONS
from support.differential.trials import many, variations
from support.differential.variations import Variation, parsed
from support.gateway import RunningGateway, Tenant, create, new_tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend import execution
from bulksend.db.pool import Pool
from bulksend.resolvers.context import Context
from bulksend.resolvers.viewer import Viewer, expand_scopes
from bulksend.schema.build import build_schema

pytestmark = pytest.mark.usefixtures("quick_collection", "most_are_compiled")

SCHEMA = build_schema()._schema
SCOPES = (("*",), ("bulk_sends.read",), ("templates.read", "documents.read"))


@pytest.fixture
async def filled(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[tuple[RunningGateway, Tenant, list[str]]]:
    """A gateway, a tenant, and the ids of the tenant's objects."""
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, delivery=False, sync_wait=0) as gateway:
        made = [await create(gateway, tenant, count=count) for count in (1, 3, 5)]
        sends = [payload["bulkSend"]["id"] for payload in made]
        reply = await gateway.ask(tenant, "{ documents(first: 9) { nodes { id } } }")
        found = [node["id"] for node in reply.data["documents"]["nodes"]]
        yield gateway, tenant, [*sends, *sends, *found, tenant.template_id, "bs_unknown", ""]


async def test_comes_to_the_same(filled: tuple[RunningGateway, Tenant, list[str]]) -> None:
    gateway, tenant, ids = filled
    answers: list[str] = []

    def context(scopes: tuple[str, ...], _: object) -> Context:
        viewer = Viewer(
            tenant.organization_id, "Acme", tenant.organization_id, "Key", scopes, expand_scopes(scopes), None
        )
        return Context(gateway.parts.gateway, viewer, None, "request")

    async def check(variation: Variation, scopes: tuple[str, ...]) -> None:
        request = Request(
            SCHEMA,
            parsed(variation),
            root=lambda _: None,
            operation_name=variation.operation_name,
            options=OPTIONS,
            context=partial(context, scopes),
        )
        for variables in variation.variables:
            asked = replace(request, variables=variables)
            theirs, ours = await see_here(execute_by_graphql_core, asked), await see_here(execution.execute, asked)
            found = differences(theirs, ours)
            answers.append(shown(theirs.result and theirs.result.data))
            assert not found, "\n".join([variation.text, f"{variables!r} {variation.operation_name!r}", *found])

    for document, seed in _documents():
        dice = random.Random(seed)
        existing: DocumentNode = visit(document, Existing(ids, dice))
        for variation in variations(SCHEMA, existing, seed):
            await check(variation, dice.choice(SCOPES))
    assert sum("doc_" in answer or "bs_" in answer or "tpl_" in answer for answer in answers) > len(answers) / 20


def _documents() -> list[tuple[DocumentNode, int]]:
    found = []

    @many(40)
    @given(document=documents(SCHEMA, mutating=False), seed=st.integers(0, 1 << 30))
    def find(document: DocumentNode, seed: int) -> None:
        found.append((document, seed))

    find()
    return found
