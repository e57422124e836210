"""The limit on mails that a worker starts per second, with a clock controlled by the test."""

import pytest
from support.clock import Clock

from bulksend.delivery import token_bucket
from bulksend.delivery.token_bucket import TokenBucket


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(token_bucket, "time", clock)
    return clock


def taken(bucket: TokenBucket, wanted: int = 1000) -> int:
    mails = bucket.available(wanted)
    bucket.spend(mails)
    return mails


def test_without_a_rate_all_may_begin() -> None:
    bucket = TokenBucket(None)
    assert (taken(bucket), taken(bucket), bucket.wait) == (1000, 1000, 0)


def test_a_burst_is_a_tenth_of_a_second(clock: Clock) -> None:
    bucket = TokenBucket(100)
    assert (taken(bucket), taken(bucket)) == (10, 0)
    clock.now += 3600
    assert (taken(bucket), taken(bucket)) == (10, 0)


def test_permits_come_back_at_the_rate_and_not_before(clock: Clock) -> None:
    bucket = TokenBucket(100)
    taken(bucket)
    clock.now += 0.0096
    assert (taken(bucket), bucket.wait > 0) == (0, True)
    clock.now += 0.0006
    assert (taken(bucket), taken(bucket)) == (1, 0)


def test_no_more_than_wanted_is_spent(clock: Clock) -> None:
    bucket = TokenBucket(100)
    assert (taken(bucket, 3), taken(bucket)) == (3, 7)


def test_a_rate_below_ten_a_second_still_lets_one_begin(clock: Clock) -> None:
    bucket = TokenBucket(0.5)
    assert (taken(bucket), taken(bucket)) == (1, 0)
    assert bucket.wait == pytest.approx(2)
    clock.now += bucket.wait
    assert (taken(bucket), taken(bucket)) == (1, 0)
