"""Generated documents on a graphql-core schema: our executor agrees with graphql-core."""

import pytest
from graphql import DocumentNode
from hypothesis import given
from hypothesis import strategies as st
from support.differential import core_schema
from support.differential.executions import Request
from support.differential.literals import documents
from support.differential.trials import check, many, variations

pytestmark = pytest.mark.usefixtures("quick_collection", "most_are_compiled")


@many(60)
@given(document=documents(core_schema.SCHEMA), seed=st.integers(0, 1 << 30))
def test_comes_to_the_same(document: DocumentNode, seed: int) -> None:
    request = Request(core_schema.SCHEMA, document, root=core_schema.root)
    for variation in variations(core_schema.SCHEMA, document, seed):
        check(request, variation, seed)
