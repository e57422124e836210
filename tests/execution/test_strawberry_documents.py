"""Generated documents on a Strawberry schema with every kind of field: our executor agrees with graphql-core."""

import pytest
from graphql import DocumentNode
from hypothesis import given
from hypothesis import strategies as st
from support.differential import strawberry_objects
from support.differential.executions import Request
from support.differential.literals import documents
from support.differential.trials import check, many, variations

SCHEMA = strawberry_objects.SCHEMA
pytestmark = pytest.mark.usefixtures("quick_collection", "most_are_compiled")


@many(60)
@given(document=documents(SCHEMA), seed=st.integers(0, 1 << 30))
def test_comes_to_the_same(document: DocumentNode, seed: int) -> None:
    request = Request(
        SCHEMA, document, root=lambda _: None, options=strawberry_objects.OPTIONS, prepare=strawberry_objects.prepare
    )
    for variation in variations(SCHEMA, document, seed):
        check(request, variation, seed)
