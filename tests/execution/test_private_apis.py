"""The private APIs of Strawberry and graphql-core that we use still exist and behave as expected."""

import inspect
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, GraphQLSchema, parse
from strawberry.types.execution import ExecutionContext

from bulksend import execution
from bulksend.execution import CompiledSchema, private_apis


@strawberry.type
class Query:
    plain: str = "plain"

    @strawberry.field
    def resolved(self, info: strawberry.Info, number: int = 1) -> str:
        return f"{info.field_name} {number}"


BUILT = strawberry.Schema(Query)
CORE: GraphQLSchema = BUILT._schema
FIELDS = CORE.query_type.fields if CORE.query_type else {}


def test_every_name_is_there() -> None:
    assert not [name for name in private_apis.__all__ if not hasattr(private_apis, name)]


def test_a_schema_knows_what_made_it() -> None:
    converter = private_apis.converter_of(CORE)

    assert converter is BUILT.schema_converter
    assert private_apis.info_class_of(converter) is strawberry.Info
    assert private_apis.converter_of(GraphQLSchema()) is None


def test_fields_know_their_definitions_and_functions() -> None:
    plain, resolved = (private_apis.definition_of(FIELDS[name]) for name in ("plain", "resolved"))

    assert plain.base_resolver is None
    assert plain.is_basic_field
    assert plain.default_resolver is getattr
    assert private_apis.function_of(plain) is None
    assert private_apis.function_of(resolved) is resolved.base_resolver.wrapped_func
    assert [argument.python_name for argument in resolved.arguments] == ["number"]
    assert not private_apis.handles_exceptions(BUILT.schema_converter, resolved)


def test_the_executor_is_strawberrys() -> None:
    assert BUILT.execution_context_class is private_apis.StrawberryExecutor


def test_infos_have_the_names_that_strawberrys_do() -> None:
    from strawberry.schema.schema import _OperationContextAwareGraphQLResolveInfo as Raw

    from bulksend.execution.info import ResolveInfo

    assert not [name for name in Raw._fields if not hasattr(ResolveInfo, name)]


def test_runtime_types_are_refused_in_graphql_cores_words() -> None:
    info: Any = type("Info", (), {"parent_type": "Query", "field_name": "node"})
    with pytest.raises(GraphQLError, match="does not exist inside the schema"):
        private_apis.runtime_type(CORE, "Nothing", "Node", [], info, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_create_execution_context", {"query", "allowed_operation_types", "operation_extensions", "operation_name"}),
        ("_prepare_operation_async", {"context", "extensions_runner"}),
        ("_get_execute_function", set()),
    ],
)
def test_the_steps_that_are_replaced_are_strawberrys(name: str, parameters: set[str]) -> None:
    assert parameters <= set(inspect.signature(getattr(strawberry.Schema, name)).parameters)


async def test_the_replaced_steps_are_taken() -> None:
    taken: list[str] = []

    class Schema(CompiledSchema):
        def executor(self) -> Any:
            taken.append("executor")
            return super().executor()

        async def prepare(self, context: ExecutionContext) -> list[GraphQLError]:
            taken.append("prepare")
            context.graphql_document = parse(context.query or "")
            assert private_apis.operation_name_of(context) == "Named"
            return []

    schema = Schema(Query)
    before = execution.counts["compiled"]
    result = await schema.execute("query Named { resolved }", operation_name="Named")

    assert result.data == {"resolved": "resolved 1"}
    assert sorted(taken) == ["executor", "prepare"]
    assert execution.counts["compiled"] == before + 1
    assert schema.core is schema._schema


async def test_a_compiled_schema_leaves_the_other_steps_to_strawberry() -> None:
    schema = CompiledSchema(Query)
    before = execution.counts["compiled"]

    result, synchronous = await schema.execute("{ resolved }"), schema.execute_sync("{ plain }", root_value=Query())
    refused = await schema.execute("{ nothing }")

    assert (result.data, synchronous.data) == ({"resolved": "resolved 1"}, {"plain": "plain"})
    assert refused.errors
    assert execution.counts["compiled"] == before + 2
