"""What `bulksend dev` makes for someone trying it: an organization, a key and two templates."""

import asyncio
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from bulksend.db import api_keys, ids, organizations, templates
from bulksend.db.pages import Span
from bulksend.db.pool import Connection, Pool, writing
from bulksend.delivery.template_rendering import merge_fields
from bulksend.server.http.authentication import hash_key, new_key

ORGANIZATION: Final = "Demo Organization"
TEMPLATES: Final = {
    "Mutual NDA": (
        "The shortest useful template: it asks for nothing but the signer's name.",
        """# Mutual non-disclosure agreement

Between **Demo Organization** and **{{ signer.name }}** ({{ signer.email }}).

1. Each party keeps what the other tells it in confidence to itself.
2. Neither uses it for anything but the purpose it was told for.
3. This holds for three years from the day of the last signature.
""",
    ),
    "Vendor agreement": (
        "Asks each signer for two values of their own: company and net_days.",
        """# Vendor agreement

**{{ values.company }}**, represented by {{ signer.name }}, delivers to Demo Organization.

| What | Agreed |
|---|---|
| Vendor | {{ values.company }} |
| Contact | {{ signer.email }} |
| Payment | {{ values.net_days }} days net |

Either side may end this agreement with *thirty days'* notice.
""",
    ),
}


@dataclass(frozen=True, slots=True)
class Demo:
    """What was made or found: the key's text and the id of the template without values of its own."""

    key: str
    template_id: str


async def demo(pool: Pool, data_dir: Path) -> Demo:
    """Make what is missing of the demo, and give it."""
    async with writing(pool) as conn:
        found = await organizations.find_by_name(conn, name=ORGANIZATION)
        organization_id = found.id if found else await organizations.create(conn, name=ORGANIZATION)
        key = await _key(conn, organization_id, data_dir / "demo_key")
        template_ids = await _templates(conn, organization_id)
    return Demo(key, ids.encode(ids.TEMPLATE, template_ids["Mutual NDA"]))


def secret(path: Path, make: str | None = None) -> str:
    """Give the secret in a file that only its owner may read; make it if it is not there."""
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        value = make or secrets.token_urlsafe(48)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value)
        return value


async def _key(conn: Connection, organization_id: UUID, path: Path) -> str:
    key = secret(path, new_key())
    if await api_keys.find_by_hash(conn, key_hash=hash_key(key)) is not None:
        return key
    # The file is of a database that is gone, or the key was revoked.
    await asyncio.to_thread(path.unlink)
    key = secret(path, new_key())
    await api_keys.create(conn, organization_id=organization_id, name="Demo key", key_hash=hash_key(key), scopes=["*"])
    return key


async def _templates(conn: Connection, organization_id: UUID) -> dict[str, UUID]:
    page = await templates.read_page(conn, organization_id=organization_id, span=Span(size=100))
    found = {row.name: row.id for row in page.rows}
    for name, (description, body) in TEMPLATES.items():
        if name not in found:
            found[name] = await templates.create(
                conn,
                organization_id=organization_id,
                name=name,
                description=description,
                body=body,
                merge_fields=merge_fields(body),
            )
    return found
