"""Automatic persisted queries: GraphQL documents by hash, separate for each organization."""

from typing import cast
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command

_FIND = command("persisted_queries", "find")
_STORE = command("persisted_queries", "store")
_EVICT = command("persisted_queries", "evict")


async def find(conn: Connection, *, organization_id: UUID, sha256: bytes) -> str | None:
    """Return the document with this SHA-256, or None."""
    return cast(str | None, await _FIND.value(conn, organization_id, sha256))


async def store(conn: Connection, *, organization_id: UUID, sha256: bytes, query: str, keep: int) -> None:
    """Store a document of at most 20,000 characters, and evict all but the organization's `keep` last used ones."""
    await _STORE.run(conn, organization_id, sha256, query)
    await _EVICT.run(conn, organization_id, keep)
