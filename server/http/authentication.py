"""Authentication: find the viewer of an Authorization header."""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from cachetools import LRUCache

from bulksend.db import api_keys
from bulksend.db.api_keys import ApiKeyHolderRow
from bulksend.db.errors import ANY_FAILURE
from bulksend.db.pool import Pool, reading
from bulksend.resolvers.errors import Unauthenticated
from bulksend.resolvers.viewer import Viewer, expand_scopes

KEY_PREFIX: Final = "isk_"
_BEARER: Final = re.compile(r"(?i:Bearer) +(isk_[A-Za-z0-9_-]{44})", re.ASCII)
# A revoked key must stop working within a second: every POLL_SECONDS, cached keys that became invalid are removed;
# after TRUST_SECONDS without a successful poll, no key is cached for longer than UNPOLLED_SECONDS.
POLL_SECONDS: Final = 0.4
TRUST_SECONDS: Final = 0.9
UNPOLLED_SECONDS: Final = 0.5
REMEMBER_SECONDS: Final = 60.0
# Longer than the interval between polls, so that none misses a revocation that was committed late.
LATELY: Final = timedelta(seconds=2 * REMEMBER_SECONDS)
MAXIMUM_REMEMBERED: Final = 10_000
NOTE_USE_SECONDS: Final = 10.0
# How often an open stream checks its key. The cache notices a revocation within 0.5 s, so the stream ends within 1 s.
CHECK_SECONDS: Final = 0.3

log = structlog.get_logger(__name__)


def new_key() -> str:
    """Return a new API key: `isk_` and 33 random bytes in 44 URL-safe characters."""
    return KEY_PREFIX + secrets.token_urlsafe(33)


def hash_key(key: str) -> bytes:
    """Return the SHA-256 under which a key is stored. Keys are random, so a fast hash is as safe as a slow one."""
    return hashlib.sha256(key.encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The viewer of a key, and when it was looked up (`time.monotonic`)."""

    viewer: Viewer
    since: float


class Authenticator:
    """Finds the viewer of a key, and records the last use of keys in batches instead of a write per request."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._remembered: LRUCache[bytes, _Remembered] = LRUCache(MAXIMUM_REMEMBERED)
        self._trusted_until = 0.0
        self._used: dict[tuple[UUID, UUID], datetime] = {}

    async def viewer(self, authorization: str | None) -> Viewer:
        """Return the viewer of an `Authorization: Bearer isk_…` header. Raise `Unauthenticated`."""
        key_hash = hash_key(_bearer_key(authorization))
        remembered = self._remembered.get(key_hash)
        if remembered is None or not self._is_good(remembered):
            # Taken before the look-up: the key may be revoked while the query runs.
            since = time.monotonic()
            remembered = self._remembered[key_hash] = _Remembered(await self._look_up(key_hash), since)
        viewer = remembered.viewer
        self._used[viewer.organization_id, viewer.api_key_id] = datetime.now(UTC)
        return viewer

    async def run(self) -> None:
        """Remove invalid keys from the cache and record the last use of keys, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll_always())
            group.create_task(self._note_use_always())

    async def poll(self) -> None:
        """Remove keys from the cache that were revoked or have expired."""
        since = time.monotonic()
        if self._remembered:
            async with self._pool.acquire() as conn:
                for key_hash in await api_keys.list_invalid_lately(conn, within=LATELY):
                    self._remembered.pop(key_hash, None)
        self._trusted_until = since + TRUST_SECONDS

    async def note_use(self) -> None:
        """Record when keys were last used."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            async with self._pool.acquire() as conn:
                await api_keys.touch(conn, used=used)
        except ANY_FAILURE as error:
            self._used = used | self._used
            log.warning("last use of keys not noted", error=type(error).__name__)

    async def _poll_always(self) -> None:
        while True:
            try:
                await self.poll()
            except ANY_FAILURE as error:
                log.warning("revoked keys not read", error=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    async def _note_use_always(self) -> None:
        while True:
            await asyncio.sleep(NOTE_USE_SECONDS)
            self._forget_unused()
            await self.note_use()

    def _forget_unused(self) -> None:
        """Remove cached keys that would be looked up again anyway: nothing is polled while the cache is empty."""
        oldest = time.monotonic() - REMEMBER_SECONDS
        for key_hash in [key_hash for key_hash, remembered in self._remembered.items() if remembered.since <= oldest]:
            del self._remembered[key_hash]

    def _is_good(self, remembered: _Remembered) -> bool:
        now = time.monotonic()
        age = now - remembered.since
        return age < (REMEMBER_SECONDS if now < self._trusted_until else UNPOLLED_SECONDS)

    async def _look_up(self, key_hash: bytes) -> Viewer:
        async with reading(self._pool) as conn:
            row = await api_keys.find_by_hash(conn, key_hash=key_hash)
        if row is None or not hmac.compare_digest(row.key_hash, key_hash):
            raise Unauthenticated
        return _viewer(row)


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


async def is_refused(authenticator: Authenticator, authorization: str | None) -> Unauthenticated | None:
    """Return `Unauthenticated` if the key was revoked; None if it is valid or if the database is unavailable."""
    try:
        await authenticator.viewer(authorization)
    except Unauthenticated as refusal:
        return refusal
    except ANY_FAILURE:
        return None
    return None
