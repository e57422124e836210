"""Log entries report errors without their messages."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

import pytest
import structlog
from support.gateway import RunningGateway

from bulksend.server.logs import set_up_logs

LogFormat = Literal["json", "console"]


@contextmanager
def set_up(log_format: LogFormat, level: int = logging.INFO) -> Iterator[None]:
    root = logging.getLogger()
    before, level_before = list(root.handlers), root.level
    set_up_logs(log_format, level)
    try:
        yield
    finally:
        root.handlers, root.level = before, level_before
        structlog.reset_defaults()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exceptions_words_and_locals_stay_out(capsys: pytest.CaptureFixture[str], log_format: LogFormat) -> None:
    with set_up(log_format):
        address = "alice@example.com"
        for log in (structlog.get_logger("test"), logging.getLogger("test")):
            try:
                raise ValueError(f"Failing row contains ({address})")
            except ValueError:
                log.exception("it failed")
    told = capsys.readouterr().err
    assert address not in told
    assert "Failing row" not in told
    assert told.count("ValueError") == 2
    assert "test_an_exceptions_words" in told
    if log_format == "json":
        assert [json.loads(line)["event"] for line in told.splitlines()] == ["it failed", "it failed"]


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "lines",
    [
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer isk_hush\x01\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer isk_hush\r\nX\x01: isk_hush\r\n\r\n",
        b"GET /sign/isk_hush\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer isk_" + b"hush" * 5000 + b"\r\n\r\n",
        b"Bearer isk_hush\r\n\r\n",
    ],
    ids=["value", "name", "path", "long", "no HTTP"],
)
async def test_what_is_no_http_is_told_without_its_words(
    gateway: RunningGateway, capsys: pytest.CaptureFixture[str], log_format: LogFormat, lines: bytes
) -> None:
    with set_up(log_format, logging.DEBUG):
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(gateway.url).port)
        writer.write(lines)
        async with asyncio.timeout(5):
            reply = await reader.read()
        writer.close()
        await writer.wait_closed()
    # RFC 6585: 431 for a header field that is too long.
    assert reply.split()[1] == (b"431" if len(lines) > 8190 else b"400"), reply[:100]
    told = capsys.readouterr().err
    assert "request refused by the HTTP parser" in told
    assert "hush" not in told
