"""Administrative commands: organizations, API keys and templates."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from bulksend.db import api_keys, ids, organizations
from bulksend.db.api_keys import ApiKeyRow
from bulksend.db.pool import Pool
from bulksend.resolvers import templates
from bulksend.resolvers.template_inputs import validate_template
from bulksend.server.http.authentication import hash_key, new_key


class NoSuchOrganization(Exception):
    """No organization has this ID."""


async def create_organization(pool: Pool, name: str) -> str:
    """Create an organization and return its ID."""
    async with pool.acquire() as conn:
        return ids.encode(ids.ORGANIZATION, await organizations.create(conn, name=name))


async def set_consent_text(pool: Pool, organization_id: UUID, text: str | None) -> None:
    """Set an organization's consent text; None restores the default. Raise `NoSuchOrganization`."""
    async with pool.acquire() as conn:
        if not await organizations.set_consent_text(conn, organization_id=organization_id, text=text):
            raise NoSuchOrganization


async def create_key(
    pool: Pool, organization_id: UUID, *, name: str, scopes: Sequence[str], expires_in: timedelta | None
) -> str:
    """Create an API key and return its text, which is not stored. Raise `NoSuchOrganization`."""
    key = new_key()
    async with pool.acquire() as conn:
        if await organizations.get(conn, organization_id=organization_id) is None:
            raise NoSuchOrganization
        await api_keys.create(
            conn,
            organization_id=organization_id,
            name=name,
            key_hash=hash_key(key),
            scopes=scopes,
            expires_in=expires_in,
        )
    return key


async def list_keys(pool: Pool, organization_id: UUID) -> list[ApiKeyRow]:
    """Return an organization's keys, newest first. Raise `NoSuchOrganization`."""
    async with pool.acquire() as conn:
        if await organizations.get(conn, organization_id=organization_id) is None:
            raise NoSuchOrganization
        return await api_keys.list_keys(conn, organization_id=organization_id)


async def revoke_key(pool: Pool, organization_id: UUID, key_id: UUID) -> bool:
    """Revoke a key; return False if there is none or it is already revoked."""
    async with pool.acquire() as conn:
        return await api_keys.revoke(conn, organization_id=organization_id, key_id=key_id)


async def add_template(pool: Pool, organization_id: UUID, *, name: str, description: str | None, body: str) -> str:
    """Create a template from the text of a Markdown file and return its ID. Raise `Invalid` or `NoSuchOrganization`."""
    valid = validate_template({"name": name, "description": description, "body": body})
    async with pool.acquire() as conn:
        if await organizations.get(conn, organization_id=organization_id) is None:
            raise NoSuchOrganization
        template_id = await templates.store(conn, organization_id, valid)
    return ids.encode(ids.TEMPLATE, template_id)
