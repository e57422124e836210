"""The page /verify: upload a sealed PDF and read what it proves. Nothing is stored; no JavaScript is needed."""

import asyncio
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bulksend.evidence.errors import VerificationFailed
from bulksend.server.http.pages import page

PATH: Final = "/verify"
FIELD: Final = "file"
LARGEST_FILE: Final = 10_000_000
CHECKS_AT_ONCE: Final = 2
UPLOADS_AT_ONCE: Final = 16
UPLOAD_SECONDS: Final = 60.0

_CHUNK: Final = 65_536


class VerifyPage:
    """Verifies files in memory, a few at a time; each takes some 15 ms in a thread."""

    def __init__(self) -> None:
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._checks = asyncio.Semaphore(CHECKS_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get(PATH, self.show), web.post(PATH, self.check)]

    async def show(self, request: web.Request) -> web.Response:
        """Show the form."""
        return _page(200)

    async def check(self, request: web.Request) -> web.Response:
        """Verify the posted file and show the result."""
        try:
            async with self._uploads, asyncio.timeout(UPLOAD_SECONDS):
                data = await _posted_file(request)
        except TimeoutError:
            return _page(408, reason="The file took too long to arrive.")
        if data is None:
            return _page(400, reason="Choose a PDF file first.")
        if len(data) > LARGEST_FILE:
            return _page(413, reason=f"The file is larger than {LARGEST_FILE // 1_000_000} MB.")
        async with self._checks:
            return await asyncio.to_thread(_checked, data)


def _checked(data: bytes) -> web.Response:
    # Imported here because it takes a third of a second.
    from bulksend.evidence.verification import verify_pdf
    from bulksend.evidence.verification_report import event_lines, findings

    try:
        verified = verify_pdf(data)
    except VerificationFailed as error:
        return _page(422, reason=str(error))
    return _page(200, findings=findings(verified), events=event_lines(verified.evidence))


async def _posted_file(request: web.Request) -> bytes | None:
    """Return the posted file, up to one byte more than the maximum; None if there is none."""
    if not request.content_type.startswith("multipart/"):
        return None
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == FIELD and part.filename:
                return await _read(part)
    except (ValueError, HttpProcessingError):  # raised by aiohttp for a malformed body
        return None
    return None


async def _read(part: BodyPartReader) -> bytes:
    read = bytearray()
    while len(read) <= LARGEST_FILE and (chunk := await part.read_chunk(_CHUNK)):
        read += chunk
    return bytes(read[: LARGEST_FILE + 1])


def _page(
    status: int, *, reason: str | None = None, findings: list[str] | None = None, events: list[str] | None = None
) -> web.Response:
    return page("verify.html", status, field=FIELD, reason=reason, findings=findings or [], events=events or [])
