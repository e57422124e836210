"""Counting hits in a moving window: exact, separate for each key, and discarded when expired."""

from dataclasses import dataclass

import pytest

from bulksend.server.http.moving_window import Hit, MovingWindow


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def window(clock: Clock, limit: int = 2) -> MovingWindow[str]:
    return MovingWindow(limit=limit, seconds=60, clock=clock)


def test_counts_down_to_a_refusal(clock: Clock) -> None:
    hits = window(clock)
    assert [hits.hit("a") for _ in range(3)] == [Hit(True, 1, 60), Hit(True, 0, 60), Hit(False, 0, 60)]
    assert hits.hit("b") == Hit(True, 1, 60)


def test_each_hit_counts_for_as_long_as_the_window_and_no_longer(clock: Clock) -> None:
    hits = window(clock)
    hits.hit("a")
    clock.now += 20
    hits.hit("a")
    clock.now += 39.5
    assert hits.hit("a") == Hit(False, 0, 0.5)
    clock.now += 0.5
    assert hits.hit("a") == Hit(True, 0, 20)
    assert not hits.hit("a").accepted


def test_what_was_refused_does_not_count(clock: Clock) -> None:
    hits = window(clock, limit=1)
    hits.hit("a")
    for _ in range(59):
        clock.now += 1
        assert not hits.hit("a").accepted
    clock.now += 1
    assert hits.hit("a").accepted


def test_never_more_than_the_limit_in_any_window(clock: Clock) -> None:
    hits = window(clock, limit=5)
    accepted = []
    for _ in range(1_000):
        clock.now += 3.7
        if hits.hit("a").accepted:
            accepted.append(clock.now)
    assert all(later - earlier >= 60 for earlier, later in zip(accepted, accepted[5:], strict=False))
    assert len(accepted) > 250


def test_forgets_keys_that_are_not_used(clock: Clock) -> None:
    hits = window(clock)
    for number in range(100):
        hits.hit(f"key {number}")
    clock.now += 61
    for _ in range(100):
        hits.hit("a")
    assert len(hits) == 1


def test_keeps_a_key_that_is_still_limited(clock: Clock) -> None:
    hits = window(clock, limit=1)
    hits.hit("a")
    clock.now += 59
    for number in range(10):
        hits.hit(f"key {number}")
    assert not hits.hit("a").accepted
