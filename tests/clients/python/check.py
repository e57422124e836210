"""Run the Python recipes of docs/clients.md against the gateway that test_clients.py started."""

import asyncio
import json
import os
from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import uuid4

import ariadne_recipe
import gql_recipe
from bulksend_client import CreateBulkSendInput, GraphQLClientGraphQLMultiError
from gql.transport.exceptions import TransportQueryError

GATEWAY = json.loads(os.environ["BULKSEND_TEST_GATEWAY"])
URL, KEY = f"{GATEWAY['url']}/graphql", GATEWAY["key"]
WRONG = [{"name": "Alice", "email": "nonsense"}]

Refusal = TypeVar("Refusal", bound=Exception)


def sending(**more: Any) -> dict[str, Any]:
    signers = [{"name": "Alice", "email": "alice@example.com"}]
    sent = {"templateId": GATEWAY["templateId"], "name": "Vendors", "signers": signers, "idempotencyKey": str(uuid4())}
    return sent | more


async def refusal(call: Awaitable[object], kind: type[Refusal]) -> Refusal:
    """Return the error of a call that must fail."""
    try:
        await call
    except kind as error:
        return error
    raise AssertionError("not refused")


async def check_gql() -> None:
    client = gql_recipe.connect(URL, KEY)
    sent = sending(waitForDelivery=False)
    first, again = await gql_recipe.send(client, sent), await gql_recipe.send(client, sent)
    assert first["id"] == again["id"]
    assert [status async for status in gql_recipe.watch(URL, KEY, first["id"])][-1] == "COMPLETED"
    error = await refusal(gql_recipe.send(client, sending(signers=WRONG)), gql_recipe.RefusedError)
    assert [(one["code"], one["field"]) for one in error.user_errors] == [("INVALID_EMAIL", ["signers", "0", "email"])]
    await gql_recipe.send(client, sending(name="Second"))
    await gql_recipe.send(client, sending(name="Third"))
    assert await gql_recipe.bulk_send_names(client, 2) == ["Third", "Second", "Vendors"]
    unknown = await refusal(gql_recipe.bulk_send_names(gql_recipe.connect(URL, "isk_nonsense")), TransportQueryError)
    assert gql_recipe.codes(unknown) == ["UNAUTHENTICATED"]


async def check_ariadne() -> None:
    client = ariadne_recipe.connect(URL, KEY)
    sent = CreateBulkSendInput.model_validate(sending(waitForDelivery=False))
    first, again = await ariadne_recipe.send(client, sent), await ariadne_recipe.send(client, sent)
    assert first.id == again.id
    assert [status async for status in ariadne_recipe.watch(client, first.id)][-1] == "COMPLETED"
    error = await refusal(
        ariadne_recipe.send(client, CreateBulkSendInput.model_validate(sending(signers=WRONG))),
        ariadne_recipe.RefusedError,
    )
    assert [(one.code, one.field) for one in error.user_errors] == [("INVALID_EMAIL", ["signers", "0", "email"])]
    await ariadne_recipe.send(client, CreateBulkSendInput.model_validate(sending(name="Second")))
    await ariadne_recipe.send(client, CreateBulkSendInput.model_validate(sending(name="Third")))
    assert await ariadne_recipe.bulk_send_names(client, 2) == ["Third", "Second", "Vendors"]
    unknown = await refusal(
        ariadne_recipe.bulk_send_names(ariadne_recipe.connect(URL, "isk_nonsense")), GraphQLClientGraphQLMultiError
    )
    assert [(one.extensions or {})["code"] for one in unknown.errors] == ["UNAUTHENTICATED"]


asyncio.run({"gql": check_gql, "ariadne": check_ariadne}[os.environ["RECIPE"]]())
