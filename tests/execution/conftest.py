"""What comparing two executors needs."""

import gc
from collections.abc import Iterator

import pytest

from bulksend import execution


@pytest.fixture(scope="module")
def quick_collection() -> Iterator[None]:
    """Garbage is collected after every execution: not what was there before."""
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
