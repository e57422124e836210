"""From an Authorization header to the viewer, or 401."""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from bulksend.db import api_keys
from bulksend.db.api_keys import ApiKeyHolderRow
from bulksend.db.errors import ANY_FAILURE
from bulksend.db.pool import Pool
from bulksend.resolvers.errors import Unauthenticated
from bulksend.resolvers.viewer import Viewer, expand_scopes

KEY_PREFIX: Final = "isk_"
_BEARER: Final = re.compile(r"(?i:Bearer) +(isk_[A-Za-z0-9_-]{44})", re.ASCII)
# A revoked key must stop within a second, so what is remembered is younger than that.
REMEMBER_SECONDS: Final = 0.5
MOST_REMEMBERED: Final = 10_000
NOTE_USE_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


def new_key() -> str:
    """Make an API key: `isk_` and 33 random bytes in 44 URL-safe characters."""
    return KEY_PREFIX + secrets.token_urlsafe(33)


def hash_key(key: str) -> bytes:
    """Give the SHA-256 by which a key is known. The key is random, so a fast hash is as good as a slow one."""
    return hashlib.sha256(key.encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class _Remembered:
    viewer: Viewer
    until: float


class Authenticator:
    """Knows who holds a key. Notes when keys were used in batches, not with a write a request."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._used: dict[tuple[UUID, UUID], datetime] = {}

    async def viewer(self, authorization: str | None) -> Viewer:
        """Give the viewer of an `Authorization: Bearer isk_…` header. Raises `Unauthenticated`."""
        key_hash = hash_key(_bearer_key(authorization))
        remembered = self._remembered.get(key_hash)
        if remembered is None or remembered.until < time.monotonic():
            # Counted from before the look-up: the key may be revoked while its answer is on the way.
            until = time.monotonic() + REMEMBER_SECONDS
            remembered = _Remembered(await self._look_up(key_hash), until)
            self._remember(key_hash, remembered)
        viewer = remembered.viewer
        self._used[viewer.organization_id, viewer.api_key_id] = datetime.now(UTC)
        return viewer

    async def run(self) -> None:
        """Write down when keys were used, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(NOTE_USE_SECONDS)
            await self.note_use()

    async def note_use(self) -> None:
        """Write down when keys were used since the last time."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            async with self._pool.acquire() as conn:
                await api_keys.touch(conn, used=used)
        except ANY_FAILURE as error:
            self._used = used | self._used
            log.warning("last use of keys not noted", error=type(error).__name__)

    async def _look_up(self, key_hash: bytes) -> Viewer:
        async with self._pool.acquire() as conn:
            row = await api_keys.find_by_hash(conn, key_hash=key_hash)
        if row is None or not hmac.compare_digest(row.key_hash, key_hash):
            raise Unauthenticated
        return _viewer(row)

    def _remember(self, key_hash: bytes, remembered: _Remembered) -> None:
        self._remembered[key_hash] = remembered
        self._remembered.move_to_end(key_hash)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def _bearer_key(authorization: str | None) -> str:
    match = _BEARER.fullmatch((authorization or "").strip())
    if match is None:
        raise Unauthenticated
    return match[1]


def _viewer(row: ApiKeyHolderRow) -> Viewer:
    granted = tuple(row.scopes)
    return Viewer(
        organization_id=row.organization_id,
        organization_name=row.organization_name,
        api_key_id=row.id,
        api_key_name=row.name,
        granted=granted,
        scopes=expand_scopes(granted),
        expires_at=row.expires_at,
    )
