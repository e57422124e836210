"""JSON responses of both APIs are compressed for clients that accept it; nothing else is compressed."""

import gzip
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from support.gateway import RunningGateway, Tenant, running_gateway
from support.smtp.sink import SmtpSink
from support.stored_bulk_sends import store

from bulksend.db.pool import Pool
from bulksend.server.http import compression
from bulksend.server.http.compression import accepts_gzip

DOCUMENTS = """
query($id: ID!) {
  bulkSend(id: $id) { documents(first: 500) { nodes { id status signer { name email } createdAt updatedAt } } }
}
"""
LIST = "/api/v1/bulk-sends?limit=100"


@pytest.fixture
async def raw() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that neither sends Accept-Encoding nor decompresses."""
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding"]) as session:
        yield session


async def received(
    raw: aiohttp.ClientSession, method: str, url: str, tenant: Tenant, encoding: str | None, **more: Any
) -> tuple[bytes, Mapping[str, str]]:
    headers = {**tenant.headers, **({"Accept-Encoding": encoding} if encoding is not None else {})}
    async with raw.request(method, url, headers=headers, **more) as response:
        assert response.status == 200
        return await response.read(), response.headers


@pytest.mark.parametrize("signers", [10, 500])
async def test_graphql(
    gateway: RunningGateway,
    pool: Pool,
    tenant: Tenant,
    raw: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    signers: int,
) -> None:
    threads = []
    compressed = compression._compressed

    def noted(body: bytes) -> bytes:
        threads.append(threading.current_thread())
        return compressed(body)

    monkeypatch.setattr(compression, "_compressed", noted)
    stored = await store(pool, tenant, signers)
    asked = {"json": {"query": DOCUMENTS, "variables": {"id": stored.id}}}
    url = f"{gateway.url}/graphql"
    plain, headers = await received(raw, "POST", url, tenant, None, **asked)
    assert "Content-Encoding" not in headers
    assert headers["Vary"] == "Accept, Authorization, Accept-Encoding"

    packed, headers = await received(raw, "POST", url, tenant, "br, gzip", **asked)
    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Accept, Authorization, Accept-Encoding")
    assert int(headers["Content-Length"]) == len(packed) < len(plain) / 2
    assert gzip.decompress(packed) == plain
    # Compression that takes milliseconds runs outside the event loop's thread.
    assert [thread is threading.main_thread() for thread in threads] == [len(plain) <= compression.LARGEST_IN_LOOP]


async def test_rest(gateway: RunningGateway, pool: Pool, tenant: Tenant, raw: aiohttp.ClientSession) -> None:
    url = f"{gateway.url}{LIST}"
    for _ in range(10):
        await store(pool, tenant)
    plain, headers = await received(raw, "GET", url, tenant, "identity")
    assert "Content-Encoding" not in headers
    packed, headers = await received(raw, "GET", url, tenant, "gzip")
    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Authorization, Accept-Encoding")
    assert gzip.decompress(packed) == plain


async def test_short_responses_stay_as_they_are(
    gateway: RunningGateway, tenant: Tenant, raw: aiohttp.ClientSession
) -> None:
    for path in (LIST, "/graphql?query={__typename}"):
        body, headers = await received(raw, "GET", f"{gateway.url}{path}", tenant, "gzip")
        assert "Content-Encoding" not in headers
        assert body.startswith(b"{")


@pytest.fixture
async def with_explorer(dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    async with running_gateway(dsn, sink.url, graphiql=True) as gateway:
        yield gateway


async def test_pages_stay_as_they_are(
    with_explorer: RunningGateway, tenant: Tenant, raw: aiohttp.ClientSession
) -> None:
    for path in ("/graphql", "/problems/service-unavailable"):
        headers = {"Accept": "text/html", "Accept-Encoding": "gzip", **tenant.headers}
        async with raw.get(f"{with_explorer.url}{path}", headers=headers) as response:
            assert response.content_type == "text/html"
            assert "Content-Encoding" not in response.headers
            assert len(await response.read()) > compression.SMALLEST


@pytest.mark.parametrize("header", ["gzip", "GZIP", "br, gzip;q=0.1", "x-gzip", "*", "deflate, *;q=0.5", "gzip; q=1"])
def test_accepted(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header", ["", "br", "identity", "gzip;q=0", "gzip;q=0.0, br", "*;q=0", "gzip;q=no", "gzipped"]
)
def test_not_accepted(header: str) -> None:
    assert not accepts_gzip(header)
