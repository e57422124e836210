"""Calling a gateway over HTTP, with retries of temporary failures."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

TRIES: Final = 6
REQUEST_SECONDS: Final = 60.0
LONGEST_PAUSE: Final = 60.0
# Temporary failures of the gateway, or of a proxy in front of it.
_PASSING_STATUS: Final = frozenset({502, 503, 504})
_ACCEPT: Final = "application/graphql-response+json, application/json"


class GatewayUnreachable(Exception):
    """The gateway cannot be reached."""


class GatewayRefused(Exception):
    """The gateway refused the request. `may_have_run`: whether this or an earlier try may have run the operation."""

    def __init__(self, message: str, *, may_have_run: bool = False) -> None:
        self.may_have_run = may_have_run
        super().__init__(message)


class _TryAgain(Exception):
    """A try failed temporarily; `pause`: the seconds that the gateway asks to wait."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        self.pause = pause
        super().__init__(reason)


class GatewayClient:
    """Calls a gateway with an API key, which no message contains."""

    def __init__(self, session: aiohttp.ClientSession, *, url: str, key: str) -> None:
        self._session = session
        self._url = f"{url}/graphql"
        self._headers = {"Authorization": f"Bearer {key}", "Accept": _ACCEPT, "Content-Type": "application/json"}

    async def ask(self, query: str, variables: Mapping[str, Any], *, tries: int = TRIES) -> Any:
        """Return the data of an operation. It must be idempotent, since it is repeated if its outcome is unknown.

        Raise `GatewayUnreachable` after six `tries` in some 15 seconds, or `GatewayRefused`.
        """
        pause = 0.5
        for remaining in reversed(range(tries)):
            try:
                return await self._try(query, variables)
            except _TryAgain as reason:
                if not remaining:
                    raise GatewayUnreachable(f"The gateway cannot be reached ({reason}).") from None
                await asyncio.sleep(min(reason.pause or pause, LONGEST_PAUSE))
            except GatewayRefused as refused:
                refused.may_have_run |= remaining < tries - 1
                raise
            pause *= 2
        raise AssertionError

    async def _try(self, query: str, variables: Mapping[str, Any]) -> Any:
        try:
            status, body = await self._post({"query": query, "variables": variables})
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _TryAgain(type(error).__name__) from None
        if status in _PASSING_STATUS:
            raise _TryAgain(f"status {status}")
        if not isinstance(body, dict) or not (body.get("data") or body.get("errors")):
            raise GatewayRefused(f"What answers there is no gateway (status {status}). Is the address right?")
        if errors := body.get("errors"):
            raise _told(errors, may_have_run=body.get("data") is not None)
        return body["data"]

    async def _post(self, payload: Mapping[str, Any]) -> tuple[int, Any]:
        # A redirect would change the POST to a GET, or send the key to another server.
        async with self._session.post(
            self._url,
            # aiohttp would escape each é as six bytes, and the gateway accepts at most 2 MiB.
            data=json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
            allow_redirects=False,
        ) as response:
            try:
                return response.status, await response.json(content_type=None)
            except ValueError:
                return response.status, None


def _told(errors: list[dict[str, Any]], *, may_have_run: bool) -> Exception:
    extensions = [error.get("extensions") or {} for error in errors]
    codes = {found.get("code") for found in extensions}
    if "RATE_LIMITED" in codes:
        return _TryAgain("too many requests with this key", max(found.get("retryAfter") or 1 for found in extensions))
    if "INTERNAL_SERVER_ERROR" in codes:
        return _TryAgain("it has a fault; its log tells more")
    messages = dict.fromkeys(str(error.get("message")) for error in errors)
    return GatewayRefused(" ".join(messages), may_have_run=may_have_run)
