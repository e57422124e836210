"""The limit on requests per minute of an API key, per process unless a shared store is configured."""

import asyncio
import math
import time
from typing import Any, Final, cast
from uuid import UUID

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from bulksend.db import ids
from bulksend.resolvers.context import Allowance
from bulksend.resolvers.errors import RequestRateLimited
from bulksend.resolvers.viewer import Viewer
from bulksend.server.http.moving_window import MovingWindow
from bulksend.server.settings import PREFIX, SettingsError

IN_MEMORY: Final = "async+memory://"
MINUTE: Final = 60.0
_ASYNC: Final = "async+"
# A store that does not answer must not delay requests: after this long it is not used for a while.
STORE_SECONDS: Final = 0.5
LEAVE_STORE_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class RequestLimit:
    """Counts the requests of each key over the last minute.

    `storage`: a URL of the `limits` library, such as `redis://host:6379`. While a shared store is unavailable each
    process counts on its own, and no request is refused because of it. Raise `SettingsError` for an invalid URL.
    """

    def __init__(self, *, requests_per_minute: int, storage: str = IN_MEMORY) -> None:
        self._item = RateLimitItemPerMinute(requests_per_minute)
        self._local: MovingWindow[UUID] = MovingWindow(limit=requests_per_minute, seconds=MINUTE)
        self._shared = None if _is_local(storage) else _Shared(_open(storage))

    async def hit(self, viewer: Viewer) -> tuple[Allowance, RequestRateLimited | None]:
        """Count a request. Return the key's quota, and `RequestRateLimited` if the request exceeds it."""
        counted = await self._shared.count(self._item, viewer.api_key_id) if self._shared else None
        accepted, allowance = counted or self._count_alone(viewer.api_key_id)
        if accepted:
            return allowance, None
        seconds = max(1, math.ceil(allowance.resets_at - time.time()))
        return allowance, RequestRateLimited(limit=allowance.limit, retry_after=seconds)

    def _count_alone(self, key_id: UUID) -> tuple[bool, Allowance]:
        hit = self._local.hit(key_id)
        return hit.accepted, Allowance(self._item.amount, hit.remaining, time.time() + hit.reset_seconds)

    async def close(self) -> None:
        """Close the connections to a shared store."""
        if self._shared:
            await self._shared.close()


class _Shared:
    """A store shared by several processes; after a failure it is not used for a while."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._limiter = MovingWindowRateLimiter(storage)
        self._left_alone_until = 0.0
        known = storage.base_exceptions
        self._failures: tuple[type[Exception], ...] = (
            *(known if isinstance(known, tuple) else (known,)),
            OSError,
            TimeoutError,
        )

    async def count(self, item: RateLimitItemPerMinute, key_id: UUID) -> tuple[bool, Allowance] | None:
        """Count a request; return None while the store is unavailable."""
        if time.monotonic() < self._left_alone_until:
            return None
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await _count(self._limiter, item, ids.encode(ids.API_KEY, key_id))
        except self._failures as error:
            self._left_alone_until = time.monotonic() + LEAVE_STORE_SECONDS
            log.warning("requests are counted in this process alone for a while", error=type(error).__name__)
            return None

    async def close(self) -> None:
        # The limits library cannot close a storage, and redis-py warns about clients that are dropped while connected.
        if isinstance(self._storage, RedisStorage):
            await cast(Any, self._storage.bridge).storage.aclose()


def _is_local(storage: str) -> bool:
    return storage.removeprefix(_ASYNC).startswith("memory:")


def _open(storage: str) -> Storage:
    uri = _ASYNC + storage.removeprefix(_ASYNC)
    options = {"implementation": "redispy"} if uri.startswith(f"{_ASYNC}redis") else {}
    try:
        return cast("Storage", storage_from_string(uri, **options))
    except (ConfigurationError, ValueError):
        # The library's message repeats the URL, which may contain a password.
        message = f"{PREFIX}RATE_LIMIT_STORAGE: must name a store that limits knows and whose client is installed"
        raise SettingsError(message) from None


async def _count(limiter: MovingWindowRateLimiter, item: RateLimitItemPerMinute, key: str) -> tuple[bool, Allowance]:
    accepted = await limiter.hit(item, key)
    stats = await limiter.get_window_stats(item, key)
    return accepted, Allowance(item.amount, stats.remaining, stats.reset_time)
