"""Organizations: the tenants."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """One organization."""

    id: UUID
    name: str


_CREATE = command("organizations", "create")
_GET = query("organizations", "get", OrganizationRow)
_SET_CONSENT_TEXT = command("organizations", "set_consent_text")
_FIND_BY_NAME = query("organizations", "find_by_name", OrganizationRow)


async def create(conn: Connection, *, name: str) -> UUID:
    """Insert an organization and return its id. `name`: 1–200 characters."""
    return cast(UUID, await _CREATE.value(conn, name))


async def get(conn: Connection, *, organization_id: UUID) -> OrganizationRow | None:
    """Return an organization, or None."""
    return await _GET.one(conn, organization_id)


async def find_by_name(conn: Connection, *, name: str) -> OrganizationRow | None:
    """Return the oldest organization with this name, or None."""
    return await _FIND_BY_NAME.one(conn, name)


async def set_consent_text(conn: Connection, *, organization_id: UUID, text: str | None) -> bool:
    """Set the text that signers consent to, None for the default; return False if there is no such organization."""
    return await _SET_CONSENT_TEXT.value(conn, organization_id, text) is not None
