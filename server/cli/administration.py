"""What the administrative commands do."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from bulksend.db import api_keys, ids, organizations
from bulksend.db.api_keys import ApiKeyRow
from bulksend.db.pool import Pool
from bulksend.resolvers import create_template
from bulksend.resolvers.template_inputs import validate_template
from bulksend.server.http.authentication import hash_key, new_key


class NoSuchOrganization(Exception):
    """There is no organization with this id."""


async def create_organization(pool: Pool, name: str) -> str:
    """Make an organization and give its id."""
    async with pool.acquire() as conn:
        return ids.encode(ids.ORGANIZATION, await organizations.create(conn, name=name))


async def set_consent_text(pool: Pool, organization_id: UUID, text: str | None) -> None:
    """Set what an organization's signers consent to, None for the default. Raise `NoSuchOrganization`."""
    async with pool.acquire() as conn:
        if not await organizations.set_consent_text(conn, organization_id=organization_id, text=text):
            raise NoSuchOrganization


async def create_key(
    pool: Pool, organization_id: UUID, *, name: str, scopes: Sequence[str], expires_in: timedelta | None
) -> str:
    """Make an API key and give its text, which nothing can give again. Raise `NoSuchOrganization`."""
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
    """Revoke a key; False when there is none, or it was revoked before."""
    async with pool.acquire() as conn:
        return await api_keys.revoke(conn, organization_id=organization_id, key_id=key_id)


async def add_template(pool: Pool, organization_id: UUID, *, name: str, description: str | None, body: str) -> str:
    """Add a template from a Markdown file's text and return its id. Raise `Invalid` or `NoSuchOrganization`."""
    valid = validate_template({"name": name, "description": description, "body": body})
    async with pool.acquire() as conn:
        if await organizations.get(conn, organization_id=organization_id) is None:
            raise NoSuchOrganization
        template_id = await create_template.store(conn, organization_id, valid)
    return ids.encode(ids.TEMPLATE, template_id)
