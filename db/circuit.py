"""The circuit breaker shared by all workers of a database: while it is open, none sends mail."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query


@dataclass(frozen=True, slots=True)
class CircuitRow:
    """Why no mail is sent, and since when. `error_message`: the SMTP server's reply."""

    opened_at: datetime
    error_code: str
    error_message: str
    smtp_code: int | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the SMTP server is unavailable: error code, message, SMTP reply code."""

    error_code: str
    error_message: str
    smtp_code: int | None


_STATE = query("circuit", "state", CircuitRow)
_OPEN = command("circuit", "open")
_TAKE_PROBE = command("circuit", "take_probe")
_KEEP_OPEN = command("circuit", "keep_open")
_CLOSE = command("circuit", "close")


async def circuit_state(conn: Connection) -> CircuitRow | None:
    """Return why no mail is sent, or None while the circuit is closed."""
    return await _STATE.one(conn)


async def open_circuit(conn: Connection, *, trouble: Trouble, age: timedelta, probe_interval: timedelta) -> bool:
    """Open the circuit because of a mail begun `age` ago.

    Return False if it is open already, or if the server accepted a mail after this one began.
    """
    arguments = (trouble.error_code, trouble.error_message, trouble.smtp_code, age, probe_interval)
    return await _OPEN.value(conn, *arguments) is not None


async def take_probe(conn: Connection, *, lease: timedelta) -> bool:
    """Lease the next probe for `lease`; return False if none is due."""
    return await _TAKE_PROBE.value(conn, lease) is not None


async def keep_open(conn: Connection, *, trouble: Trouble, probe_interval: timedelta) -> None:
    """Store the result of a failed probe; the next one is due after `probe_interval`."""
    await _KEEP_OPEN.run(conn, trouble.error_code, trouble.error_message, trouble.smtp_code, probe_interval)


async def close_circuit(conn: Connection) -> None:
    """Close the circuit, so that all workers may send."""
    await _CLOSE.run(conn)
