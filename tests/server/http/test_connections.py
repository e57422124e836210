"""Client connections: the maximum per address, the time limit of a request head, and malformed requests."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.gateway import RunningGateway, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool
from bulksend.server.http import connections

HALF = b"GET / HTTP/1.1\r\nHost: a\r\n"
WHOLE = HALF + b"\r\n"
BOUND = 8

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def bounded(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    async with running_gateway(dsn, sink.url, connections_per_address=BOUND) as running:
        yield running


async def open_raw(gateway: RunningGateway) -> Stream:
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)


async def exchange(gateway: RunningGateway, sent: bytes) -> tuple[bytes, Any]:
    reader, writer = await open_raw(gateway)
    writer.write(sent)
    head = await head_of(reader)
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    writer.close()
    return head, json.loads(body)


async def test_half_sent_requests_make_room_for_new_ones(bounded: RunningGateway) -> None:
    made_room = connections.MADE_ROOM._value.get()
    opened = [await open_raw(bounded) for _ in range(3 * BOUND)]
    for _, writer in opened:
        writer.write(HALF)
    reader, writer = await open_raw(bounded)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")
    # The oldest connections are closed and counted.
    assert await asyncio.wait_for(opened[0][0].read(), 10) == b""
    assert connections.MADE_ROOM._value.get() - made_room == 2 * BOUND + 1
    for _, each in [*opened, (reader, writer)]:
        each.close()


async def test_who_has_only_requests_in_progress_is_refused(bounded: RunningGateway) -> None:
    refused = connections.TOO_MANY._value.get()
    slow = (
        b"POST /graphql HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    )
    opened = [await open_raw(bounded) for _ in range(BOUND)]
    for reader, writer in opened:
        writer.write(slow)
        assert (await head_of(reader)).startswith(b"HTTP/1.1 100 ")
    reader, writer = await open_raw(bounded)
    answer = await asyncio.wait_for(reader.read(), 10)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After:" in answer
    assert connections.TOO_MANY._value.get() - refused == 1
    for _, each in [*opened, (reader, writer)]:
        each.close()


async def test_a_half_sent_head_is_given_up(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    counted = connections.HEAD_TIMEOUT._value.get()
    silent, half, second = [await open_raw(gateway) for _ in range(3)]
    half[1].write(HALF)
    # Each request head has a time limit of its own, including later ones on the same connection.
    second[1].write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await head_of(second[0])).startswith(b"HTTP/1.1 200 ")
    await second[0].readuntil(b"}")
    second[1].write(HALF)
    for reader, writer in (silent, half, second):
        assert (await head_of(reader)).startswith(b"HTTP/1.1 408 ")
        assert await reader.read() == b""
        writer.close()
    assert connections.HEAD_TIMEOUT._value.get() - counted == 3


async def test_a_complete_head_has_no_time_limit(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    reader, writer = await open_raw(gateway)
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n")
    given_up = connections.HEAD_TIMEOUT._value.get()
    other, other_writer = await open_raw(gateway)
    assert (await head_of(other)).startswith(b"HTTP/1.1 408 ")
    other_writer.close()
    writer.write(b'{"query":"{ __typename }"}')
    assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")
    assert connections.HEAD_TIMEOUT._value.get() - given_up == 1
    writer.close()


async def test_all_connections_together_are_bounded(gateway: RunningGateway) -> None:
    bounds = connections.Connections(per_address=100, total=2)

    class Waiting:
        is_waiting = True

        def __init__(self, address: str) -> None:
            self.address = address

        def close_to_make_room(self) -> None:
            bounds.remove(self.address, self)  # type: ignore[arg-type]

    kept, closed, new, busy = [Waiting(address) for address in ("a", "b", "b", "c")]
    assert bounds.add("a", kept)  # type: ignore[arg-type]
    assert bounds.add("b", closed)  # type: ignore[arg-type]
    assert bounds.add("b", new)  # type: ignore[arg-type]
    assert bounds._count == 2
    for connection in (kept, closed, new):
        connection.is_waiting = False
    assert not bounds.add("c", busy)  # type: ignore[arg-type]


def test_one_ipv6_network_is_one_address() -> None:
    class Peer(asyncio.Transport):
        def __init__(self, *peer: object) -> None:
            super().__init__({"peername": peer})

    one, same, other = [
        connections._address(Peer(host, 1, 0, 0))
        for host in ("2001:db8::1", "2001:db8::ffff:1%eth0", "2001:db8:0:1::1")
    ]
    assert one == same != other
    assert connections._address(Peer("192.0.2.1", 1)) == "192.0.2.1"
    assert connections._address(Peer()) == ""


RAISE = """
import resource
from bulksend.server.http.connections import raise_open_files_limit
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
assert raise_open_files_limit() == hard
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
"""


def test_the_limit_of_open_files_is_raised() -> None:
    subprocess.run([sys.executable, "-c", RAISE], check=True)


LONG = b"x" * 9_000
BROTLI = b"Content-Encoding: br\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"?query=" + LONG + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b" HTTP/1.1\r\nHost: a\r\nX-Long: " + LONG + b"\r\n\r\n", 431),
        (b" HTTP/1.1\r\nHost: a\r\n" + LONG + b": x\r\n\r\n", 431),
        (b" HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b" HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        (b" HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b" HTTP/1.1\r\nHost: a\r\n" + BROTLI, 415),
    ],
)
async def test_malformed_requests_are_answered_in_the_apis_own_form(
    gateway: RunningGateway, rest: bytes, status: int
) -> None:
    head, body = await exchange(gateway, b"POST /graphql" + rest)
    assert head.split()[1] == b"%d" % status
    assert b"X-Request-Id: " in head
    assert b"Server: bulksend\r\n" in head
    (error,) = body["errors"]
    assert error["extensions"]["code"] in ("BAD_REQUEST", "UNSUPPORTED_MEDIA_TYPE")

    head, body = await exchange(gateway, b"POST /api/v1/bulk-sends" + rest)
    assert head.split()[1] == b"%d" % status
    assert b"X-Request-Id: " in head
    assert b"Content-Type: application/problem+json" in head
    assert body["status"] == status
    assert body["type"].startswith("http://sign.example.com/problems/")

    head, body = await exchange(gateway, b"POST /elsewhere" + rest)
    assert head.split()[1] == b"%d" % status
    assert body["requestId"] in head.decode()


async def test_no_response_names_versions(gateway: RunningGateway) -> None:
    for path in ("/graphql", "/api/v1/bulk-sends", "/healthz", "/nowhere"):
        assert (await gateway.get(path)).headers["Server"] == "bulksend"
