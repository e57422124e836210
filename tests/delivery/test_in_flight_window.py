"""How many mails a worker claims: for idle connections, and in advance while mails are being sent."""

from bulksend.delivery.in_flight_window import InFlightWindow

CONNECTIONS = 10


def claimed(window: InFlightWindow, mails: int, *, ended: int, more_is_due: bool = True) -> None:
    """Claim mails while this many others end."""
    window.begin_claim()
    for _ in range(ended):
        window.end()
    window.end_claim(more_is_due=more_is_due)
    for _ in range(mails):
        window.begin()


def test_the_first_claim_is_for_the_idle_connections() -> None:
    window = InFlightWindow(lambda: CONNECTIONS)
    assert window.size == CONNECTIONS
    claimed(window, CONNECTIONS, ended=0)
    assert window.size == 0


def test_while_mail_flows_it_claims_what_the_next_claim_needs() -> None:
    window = InFlightWindow(lambda: CONNECTIONS)
    claimed(window, CONNECTIONS, ended=0)
    claimed(window, 0, ended=3)
    assert window.idle == 3
    assert window.size == 3 + 2 * 3


def test_what_is_claimed_ahead_is_bounded() -> None:
    window = InFlightWindow(lambda: CONNECTIONS)
    claimed(window, CONNECTIONS, ended=0)
    for _ in range(20):
        assert window.size < 2 * CONNECTIONS
        claimed(window, window.size, ended=min(window.in_flight, CONNECTIONS))
        assert window.in_flight <= 3 * CONNECTIONS
    assert window.in_flight >= 2 * CONNECTIONS


def test_where_mail_is_stuck_nothing_is_claimed_ahead() -> None:
    window = InFlightWindow(lambda: CONNECTIONS)
    claimed(window, CONNECTIONS, ended=0)
    claimed(window, 5, ended=5)
    assert window.size > 0
    claimed(window, 0, ended=0)
    assert window.size == 0


def test_when_no_more_is_due_nothing_is_claimed_ahead() -> None:
    window = InFlightWindow(lambda: CONNECTIONS)
    claimed(window, CONNECTIONS, ended=0)
    claimed(window, 2, ended=5, more_is_due=False)
    assert window.size == window.idle == 3


def test_a_server_that_takes_fewer_connections_gets_fewer_mails() -> None:
    limit = [CONNECTIONS]
    window = InFlightWindow(lambda: limit[0])
    claimed(window, CONNECTIONS, ended=0)
    limit[0] = 3
    assert window.idle == 3 - CONNECTIONS
    claimed(window, 0, ended=1)
    assert window.size == 0
