"""API keys, of which only the SHA-256 is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query


@dataclass(frozen=True, slots=True)
class ApiKeyHolderRow:
    """A valid key with its organization."""

    organization_id: UUID
    organization_name: str
    id: UUID
    name: str
    key_hash: bytes
    scopes: list[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key as its organization lists it, without its hash."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


_FIND_BY_HASH = query("api_keys", "find_by_hash", ApiKeyHolderRow)
_CREATE = command("api_keys", "create")
_LIST = query("api_keys", "list", ApiKeyRow)
_LIST_INVALID_LATELY = command("api_keys", "list_invalid_lately")
_REVOKE = command("api_keys", "revoke")
_TOUCH = command("api_keys", "touch")


async def find_by_hash(conn: Connection, *, key_hash: bytes) -> ApiKeyHolderRow | None:
    """Return the key with this SHA-256, or None if there is none or it is revoked or expired."""
    return await _FIND_BY_HASH.one(conn, key_hash)


async def create(
    conn: Connection,
    *,
    organization_id: UUID,
    name: str,
    key_hash: bytes,
    scopes: Sequence[str],
    expires_in: timedelta | None = None,
) -> UUID:
    """Insert a key by its hash and return its id."""
    return cast(UUID, await _CREATE.value(conn, organization_id, name, key_hash, scopes, expires_in))


async def list_keys(conn: Connection, *, organization_id: UUID) -> list[ApiKeyRow]:
    """Return the keys of an organization, newest first, revoked ones too."""
    return await _LIST.all(conn, organization_id)


async def list_invalid_lately(conn: Connection, *, within: timedelta) -> list[bytes]:
    """Fetch the hashes of the keys that were revoked or expired during the last `within`."""
    return cast("list[bytes]", await _LIST_INVALID_LATELY.value(conn, within))


async def revoke(conn: Connection, *, organization_id: UUID, key_id: UUID) -> bool:
    """Revoke a key; return False if there is none or it was revoked before."""
    return await _REVOKE.value(conn, organization_id, key_id) is not None


async def touch(conn: Connection, *, used: Mapping[tuple[UUID, UUID], datetime]) -> None:
    """Store when keys were last used. `used`: times by (organization id, key id)."""
    organizations, keys = zip(*used, strict=True)
    await _TOUCH.run(conn, organizations, keys, list(used.values()))
