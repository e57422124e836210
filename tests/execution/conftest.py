"""Fixtures for comparing two executors."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksend import execution


@given(st.none())
def _begin_hypothesis(_: None) -> None:
    """Let Hypothesis register its random number generator, which it cannot find once it is frozen."""


@pytest.fixture(scope="module")
def quick_collection() -> Iterator[None]:
    """Exempt existing objects from garbage collection, which runs after every execution."""
    _begin_hypothesis()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def most_are_compiled() -> Iterator[None]:
    """A comparison of graphql-core with itself would prove nothing."""
    before = execution.counts.copy()
    yield
    counts = execution.counts - before
    print(f"\n{counts['compiled']} executions compiled, {counts['fell_back']} by graphql-core")
    assert counts["compiled"] > 3 * counts["fell_back"]
