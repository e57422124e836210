"""The page at /verify: a file is uploaded, the result is shown, and nothing is stored."""

import asyncio

import aiohttp
import pytest
from support.evidence import signed_evidence
from support.gateway import Reply, RunningGateway

from bulksend.evidence.rendering import render_pdf
from bulksend.evidence.seal import Sealer
from bulksend.evidence.sealing_key import SealingKey, make_test_key
from bulksend.server.http import verify_page


@pytest.fixture(scope="module")
def sealer() -> Sealer:
    return Sealer(SealingKey.from_pkcs12(make_test_key("test"), "test"))


def sealed(sealer: Sealer, name: str = "Zoë Müller") -> bytes:
    # pyHanko runs an event loop of its own, which is not allowed within the tests' loop.
    return sealer.seal(render_pdf(signed_evidence(name=name)))


@pytest.fixture(scope="module")
def pdf(sealer: Sealer) -> bytes:
    return sealed(sealer)


async def post(gateway: RunningGateway, content: bytes, field: str = "file") -> Reply:
    form = aiohttp.FormData()
    form.add_field(field, content, filename="some.pdf", content_type="application/pdf")
    async with gateway.session.post(f"{gateway.url}/verify", data=form) as response:
        return Reply(response.status, response.headers, await response.text())


async def test_the_form_needs_no_script(gateway: RunningGateway) -> None:
    reply = await gateway.get("/verify")
    assert reply.status == 200
    assert 'enctype="multipart/form-data"' in reply.body
    assert "<script" not in reply.body
    assert reply.headers["Cache-Control"] == "no-store"


async def test_a_sealed_pdf_holds(gateway: RunningGateway, pdf: bytes) -> None:
    reply = await post(gateway, pdf)
    assert reply.status == 200
    for words in ("The file holds", "no byte of the file was changed", "TEST KEY", "Signed as “Zoë Müller”"):
        assert words in reply.body


async def test_a_changed_file_does_not(gateway: RunningGateway, pdf: bytes) -> None:
    changed = bytearray(pdf)
    changed[len(pdf) // 3] ^= 1
    for content in (bytes(changed), pdf[:-1], b"no PDF"):
        reply = await post(gateway, content)
        assert reply.status == 422
        assert "The file is not proved" in reply.body


async def test_what_a_file_says_is_text(gateway: RunningGateway, sealer: Sealer) -> None:
    content = await asyncio.to_thread(sealed, sealer, "<script>alert(1)</script>")
    reply = await post(gateway, content)
    assert reply.status == 200
    assert "<script>" not in reply.body
    assert "&lt;script&gt;alert(1)" in reply.body


async def test_a_file_that_is_too_large(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch, pdf: bytes) -> None:
    monkeypatch.setattr(verify_page, "LARGEST_FILE", len(pdf) - 1)
    assert (await post(gateway, pdf)).status == 413


async def test_no_file(gateway: RunningGateway, pdf: bytes) -> None:
    assert (await post(gateway, pdf, field="other")).status == 400
    for content_type, body in [
        ("application/x-www-form-urlencoded", b"file=x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data; boundary=x", b"--x--"),
    ]:
        headers = {"Content-Type": content_type}
        async with gateway.session.post(f"{gateway.url}/verify", data=body, headers=headers) as response:
            assert response.status == 400, (content_type, body)
