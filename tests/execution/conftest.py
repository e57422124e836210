"""Fixtures for comparing two executors."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksend import execution


@given(st.none())
def _begin_hypothesis(_: None) -> None:
    """Make Hypothesis register its random number generator, which it cannot find after `gc.freeze`."""


@pytest.fixture(scope="module")
def quick_collection() -> Iterator[None]:
    """Freeze existing objects, so that the collection after every execution is fast."""
    _begin_hypothesis()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def most_are_compiled() -> Iterator[None]:
    """Require that most executions are compiled; comparing graphql-core with itself would prove nothing."""
    before = execution.counts.copy()
    yield
    counts = execution.counts - before
    print(f"\n{counts['compiled']} executions compiled, {counts['fell_back']} by graphql-core")
    assert counts["compiled"] > 3 * counts["fell_back"]
