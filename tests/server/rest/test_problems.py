"""The table of problem types, and the pages that their URLs lead to."""

import pytest
from support.gateway import RunningGateway, Tenant

from bulksend.resolvers.errors import DomainError, ErrorCode
from bulksend.resolvers.user_errors import MutationError, UserErrorCode
from bulksend.server.rest import problems
from bulksend.server.rest.problems import PROBLEMS, Problem

# Errors that only a GraphQL document or an Accept header can cause; REST has one representation.
GRAPHQL_ALONE = {
    ErrorCode.GRAPHQL_PARSE_FAILED,
    ErrorCode.GRAPHQL_VALIDATION_FAILED,
    ErrorCode.OPERATION_RESOLUTION_FAILURE,
    ErrorCode.PERSISTED_QUERY_NOT_FOUND,
    ErrorCode.QUERY_TOO_COMPLEX,
    ErrorCode.NOT_ACCEPTABLE,
}

# Errors of mutations that REST does not have.
OF_OTHER_MUTATIONS = {UserErrorCode.INVALID_TEMPLATE, UserErrorCode.NOT_FAILED}


def test_every_error_is_in_the_table_once() -> None:
    mapped = [code for problem in PROBLEMS for code in problem.errors]
    assert sorted(mapped) == sorted(set(ErrorCode) - GRAPHQL_ALONE)


def test_every_user_error_is_in_the_table_once() -> None:
    mapped = [code for problem in PROBLEMS for code in problem.user_errors]
    assert sorted(mapped) == sorted(set(UserErrorCode) - OF_OTHER_MUTATIONS)


def test_every_domain_error_has_a_problem() -> None:
    for error in DomainError.__subclasses__():
        if error.code not in GRAPHQL_ALONE:
            assert problems.of_error(error.code).status >= 400


def test_an_unknown_template_is_a_field_that_is_wrong() -> None:
    template = MutationError(UserErrorCode.NOT_FOUND, ("templateId",), "")
    deleted = MutationError(UserErrorCode.NOT_FOUND, ("idempotencyKey",), "")
    assert problems.of_user_errors([template]) is problems.INVALID_INPUT
    assert problems.of_user_errors([deleted]) is problems.NOT_FOUND


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: str(problem.name))
async def test_each_type_leads_to_a_page(gateway: RunningGateway, problem: Problem) -> None:
    reply = await gateway.get(f"/problems/{problem.name}")

    assert reply.status == 200
    assert problem.title in reply.body
    assert str(problem.status) in reply.body
    for code in (*problem.errors, *problem.user_errors):
        assert f"<code>{code.value}</code>" in reply.body


async def test_there_are_no_other_pages(gateway: RunningGateway) -> None:
    assert (await gateway.get("/problems/nonsense")).status == 404


async def test_a_type_resolves(gateway: RunningGateway, tenant: Tenant) -> None:
    async with gateway.session.get(f"{gateway.url}/api/v1/bulk-sends") as response:
        address = (await response.json(content_type="application/problem+json"))["type"]

    public_url = gateway.parts.settings.public_url or ""
    assert address.startswith(f"{public_url}/problems/")
    assert (await gateway.get(address.removeprefix(public_url))).status == 200
