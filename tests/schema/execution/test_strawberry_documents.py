"""Generated documents on a Strawberry schema with one of everything: ours comes to what graphql-core comes to."""

import pytest
from differential import strawberry_schema
from differential.executions import Request
from differential.literals import documents
from differential.trials import check, many, variations
from graphql import DocumentNode
from hypothesis import given
from hypothesis import strategies as st
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

SCHEMA = strawberry_schema.SCHEMA._schema
pytestmark = pytest.mark.usefixtures("quick_collection", "most_are_compiled")

# As Strawberry itself calls `execute`.
OPTIONS = {
    "executor_class": StrawberryGraphQLCoreExecutionContext,
    "is_awaitable": optimized_is_awaitable,
    "middleware": None,
    "operation_extensions": {"asked": "by a test"},
}


@many(60)
@given(document=documents(SCHEMA), seed=st.integers(0, 1 << 30))
def test_comes_to_the_same(document: DocumentNode, seed: int) -> None:
    request = Request(SCHEMA, document, root=lambda _: None, options=OPTIONS, prepare=strawberry_schema.give_loader)
    for variation in variations(SCHEMA, document, seed):
        check(request, variation, seed)
