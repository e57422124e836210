"""Which executor runs an operation, and how disagreement with graphql-core is handled."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog
from graphql import ExecutionResult, GraphQLError
from graphql import execute as execute_by_graphql_core
from support.gateway import create, new_tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend import execution
from bulksend.execution.run import Run
from bulksend.schema.operations.shadow_execution import Executors, checked
from bulksend.server.settings import Settings, SettingsError

QUERY = "{ bulkSends { nodes { id name template { name } documents { nodes { signer { email } } } } } }"


def answering(**results: list[ExecutionResult]) -> Callable[[Any, Any], Awaitable[ExecutionResult]]:
    """Return a function that runs an operation and returns the given results of each executor, in order."""

    async def run(execute: Any, context: Any) -> ExecutionResult:
        assert context.request_id == "req"
        return results["core" if execute is execute_by_graphql_core else "compiled"].pop(0)

    return run


def data(value: Any, *errors: str) -> ExecutionResult:
    return ExecutionResult({"a": value}, [GraphQLError(message) for message in errors] or None)


@pytest.fixture(autouse=True)
def compiled_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the default executor, although CI also runs these tests with BULKSEND_EXECUTOR=core."""
    monkeypatch.delenv("BULKSEND_EXECUTOR", raising=False)


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Request:
        gateway = viewer = allowance = None
        request_id = "req"

    monkeypatch.setattr("bulksend.schema.operations.shadow_execution.Context", lambda *_: Request())
    return Request()


async def test_agreement_gives_the_compiled_result(context: Any) -> None:
    distrusted: list[bool] = []
    run = answering(compiled=[data(1, "x", "y")], core=[data(1, "y", "x")])

    result = await checked(run, context, "{ a }", lambda: distrusted.append(True))

    assert result.data == {"a": 1}
    assert not distrusted


async def test_disagreement_is_logged_without_the_text_and_graphql_core_is_believed(context: Any) -> None:
    distrusted: list[bool] = []
    run = answering(compiled=[data(1), data(1)], core=[data(2)])

    with structlog.testing.capture_logs() as logged:
        result = await checked(run, context, '{ a(email: "ada@example.com") }', lambda: distrusted.append(True))

    assert result.data == {"a": 2}
    assert distrusted == [True]
    (line,) = logged
    assert line["log_level"] == "error"
    assert line["request_id"] == "req"
    assert len(line["document"]) == 64
    assert "ada" not in str(line)


@pytest.mark.parametrize("again", [2, 3])
async def test_data_that_changes_meanwhile_is_no_disagreement(context: Any, again: int) -> None:
    distrusted: list[bool] = []
    run = answering(compiled=[data(1), data(again)], core=[data(2)])

    result = await checked(run, context, "{ a }", lambda: distrusted.append(True))

    assert result.data == {"a": 1}
    assert not distrusted


async def test_differing_errors_are_a_disagreement(context: Any) -> None:
    distrusted: list[bool] = []
    run = answering(compiled=[data(None, "x"), data(None, "x")], core=[data(None, "other")])

    await checked(run, context, "{ a }", lambda: distrusted.append(True))

    assert distrusted


def test_how_many_are_checked() -> None:
    assert not any(Executors(check=0).is_check_due() for _ in range(100))
    assert all(Executors(check=1).is_check_due() for _ in range(100))
    assert not any(Executors("core", check=1).is_check_due() for _ in range(100))


@pytest.mark.usefixtures("pool")
async def test_every_query_checked_agrees_and_only_queries_are(dsn: str, sink: SmtpSink) -> None:
    async with running_gateway(dsn, sink.url, executor_check=1) as gateway:
        tenant = await new_tenant(gateway.pool)
        with structlog.testing.capture_logs() as logged:
            created = await create(gateway, tenant, 3)
            before = execution.counts.copy()
            reply = await gateway.ask(tenant, QUERY)

        assert [len(node["documents"]["nodes"]) for node in reply.data["bulkSends"]["nodes"]] == [3]
        assert created["bulkSend"]["totalCount"] == 3
        assert execution.counts["compiled"] == before["compiled"] + 1
        assert not [line for line in logged if "disagrees" in line["event"]]


@pytest.mark.usefixtures("pool")
async def test_a_distrusted_document_is_graphql_cores_from_then_on(
    dsn: str, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that returns a wrong result is detected, and not used again."""
    query = "{ viewer { organization { name } } }"
    async with running_gateway(dsn, sink.url, executor_check=1) as gateway:
        tenant = await new_tenant(gateway.pool, name="Acme")
        truthful = Run.result

        def lie(run: Any) -> ExecutionResult:
            return ExecutionResult({"viewer": {"organization": {"name": "somebody else"}}}, truthful(run).errors)

        monkeypatch.setattr(Run, "result", lie)
        for _ in range(2):
            before = execution.counts.copy()
            reply = await gateway.ask(tenant, query)
            assert reply.data == {"viewer": {"organization": {"name": "Acme"}}}
        assert execution.counts["compiled"] == before["compiled"]


@pytest.mark.usefixtures("pool")
async def test_core_switches_it_off(dsn: str, sink: SmtpSink) -> None:
    async with running_gateway(dsn, sink.url, executor="core", executor_check=1) as gateway:
        tenant = await new_tenant(gateway.pool)
        before = execution.counts.copy()
        reply = await gateway.ask(tenant, QUERY)

        assert reply.data == {"bulkSends": {"nodes": []}}
        assert execution.counts == before


@pytest.mark.parametrize(("name", "value"), [("EXECUTOR", "fast"), ("EXECUTOR_CHECK", "2"), ("EXECUTOR_CHECK", "nan")])
def test_settings_that_make_no_sense(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"BULKSEND_{name}", value)
    with pytest.raises(SettingsError, match=f"BULKSEND_{name}"):
        Settings.read()
