"""The guard on requests a minute and API key: per process unless a shared store is configured."""

import math
import time
from datetime import UTC, datetime
from typing import Final, cast

from limits import RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from bulksend.db import ids
from bulksend.resolvers.context import Allowance
from bulksend.resolvers.errors import RequestRateLimited
from bulksend.resolvers.viewer import Viewer

IN_MEMORY: Final = "async+memory://"


class RequestLimit:
    """Counts each key's requests over the last minute."""

    def __init__(self, *, requests_per_minute: int, storage: str = IN_MEMORY) -> None:
        self._item = RateLimitItemPerMinute(requests_per_minute)
        self._limiter = MovingWindowRateLimiter(cast("Storage", storage_from_string(storage)))

    async def hit(self, viewer: Viewer) -> tuple[Allowance, RequestRateLimited | None]:
        """Count a request: where the key stands now, and the refusal if it was one too many."""
        key = ids.encode(ids.API_KEY, viewer.api_key_id)
        accepted = await self._limiter.hit(self._item, key)
        stats = await self._limiter.get_window_stats(self._item, key)
        limit = self._item.amount
        allowance = Allowance(limit, stats.remaining, datetime.fromtimestamp(stats.reset_time, UTC))
        if accepted:
            return allowance, None
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        return allowance, RequestRateLimited(limit=limit, retry_after=seconds)
