"""Garbage collections are short even with many retained objects."""

import gc
from collections.abc import Iterator

import pytest

from bulksend.server.garbage_collection import tune_garbage_collection


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Restore the garbage collector's settings after the test."""
    thresholds, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks[:] = callbacks
    gc.unfreeze()


class Thing:
    """An object with or without a reference to itself."""

    other: "Thing | None" = None


def test_what_a_full_collection_found_alive_is_not_looked_at_again() -> None:
    tune_garbage_collection()
    kept = [Thing() for _ in range(1000)]
    before = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() >= before + len(kept)
    assert not {id(one) for one in kept} & {id(one) for one in gc.get_objects()}


def test_what_is_exempt_is_freed_when_nothing_refers_to_it() -> None:
    tune_garbage_collection()
    kept = [Thing() for _ in range(1000)]
    gc.collect()
    before = gc.get_freeze_count()
    del kept
    assert gc.get_freeze_count() <= before - 1000


def test_cycles_are_still_found() -> None:
    tune_garbage_collection()
    made = [Thing() for _ in range(1000)]
    for thing in made:
        thing.other = thing
    del made, thing
    assert gc.collect() >= 1000


def test_no_collection_looks_at_many_objects() -> None:
    tune_garbage_collection()
    looked_at: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            looked_at.append(sum(len(gc.get_objects(number)) for number in range(info["generation"] + 1)))

    gc.callbacks.append(note)
    kept = [Thing() for _ in range(200_000)]
    assert kept
    assert max(looked_at) < 30_000
