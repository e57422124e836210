"""The demo data of `bulksend dev`: an organization, an API key, two templates and a bulk send."""

import asyncio
import os
import secrets
from pathlib import Path
from typing import Final
from uuid import UUID

from bulksend.db import api_keys, ids, organizations, templates
from bulksend.db.pages import Span
from bulksend.db.pool import Connection, writing
from bulksend.resolvers.context import Context
from bulksend.resolvers.create_bulk_send import create
from bulksend.resolvers.template_inputs import validate_template
from bulksend.resolvers.templates import store
from bulksend.server.http.authentication import hash_key, new_key
from bulksend.server.http.demo import Demo
from bulksend.server.process import Parts

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

# The mail catcher refuses bounce… for good and busy… for now.
DEMO_SIGNERS: Final = (
    ("Amara Okafor", "amara@northwind.example", "Northwind Logistics"),
    ("Ben Ito", "ben@quayside.example", "Quayside Marine"),
    ("Chloé Martin", "chloe@atelier-martin.example", "Atelier Martin"),
    ("Dmitri Volkov", "bounce.dmitri@volkov.example", "Volkov Machine Works"),
    ("Elena Rossi", "elena@rossi-tessuti.example", "Rossi Tessuti"),
    ("Farid Haddad", "farid@cedar.example", "Cedar Imports"),
    ("Grace Kim", "busy.grace@kimlabs.example", "Kim Laboratories"),
    ("Hugo Lindqvist", "hugo@lindqvist.example", "Lindqvist Timber"),
    ("Isabel Moreno", "isabel@moreno.example", "Moreno Packaging"),
    ("Jonas Weber", "jonas@weber-optik.example", "Weber Optik"),
    ("Keiko Tanaka", "bounced@tanaka.example", "Tanaka Ceramics"),
    ("Liam Murphy", "liam@murphy.example", "Murphy & Sons"),
)


async def demo(parts: Parts) -> Demo:
    """Return the demo data, creating whatever is missing."""
    async with writing(parts.pool) as conn:
        found = await organizations.find_by_name(conn, name=ORGANIZATION)
        organization_id = found.id if found else await organizations.create(conn, name=ORGANIZATION)
        key = await _key(conn, organization_id, parts.settings.data_dir / "demo_key")
        template_ids = await _templates(conn, organization_id)
    encoded = {name: ids.encode(ids.TEMPLATE, template_id) for name, template_id in template_ids.items()}
    return Demo(key, encoded["Mutual NDA"], await _bulk_send(parts, key, encoded["Vendor agreement"]))


async def _bulk_send(parts: Parts, key: str, template_id: str) -> str | None:
    """Return the id of the demo bulk send, created once; None if it was deleted.

    It is not created where the rate of bulk sends is limited, since it would use up the first of them.
    """
    if parts.gateway.bulk_send_interval:
        return None
    viewer = await parts.authenticator.viewer(f"Bearer {key}")
    context = Context(parts.gateway, viewer, allowance=None, request_id="demo")
    created = await create(context, _demo_input(template_id))
    return ids.encode(ids.BULK_SEND, created.bulk_send.id) if created.bulk_send else None


def _demo_input(template_id: str) -> dict[str, object]:
    return {
        "templateId": template_id,
        "name": "Demo: vendor agreements 2026",
        "emailMessage": "Please sign by the end of the month. Reply to this mail with any question.",
        "idempotencyKey": "bulksend-dev-demo",
        "waitForDelivery": False,
        "signers": [_demo_signer(*signer) for signer in DEMO_SIGNERS],
    }


def _demo_signer(name: str, email: str, company: str) -> dict[str, object]:
    values = [{"field": "company", "value": company}, {"field": "net_days", "value": "30"}]
    return {"name": name, "email": email, "values": values}


def secret(path: Path, make: str | None = None) -> str:
    """Return the secret in a file readable by its owner alone, creating the file if it does not exist."""
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
    # The file belongs to a deleted database, or the key was revoked.
    await asyncio.to_thread(path.unlink)
    key = secret(path, new_key())
    await api_keys.create(conn, organization_id=organization_id, name="Demo key", key_hash=hash_key(key), scopes=["*"])
    return key


async def _templates(conn: Connection, organization_id: UUID) -> dict[str, UUID]:
    page = await templates.read_page(conn, organization_id=organization_id, span=Span(size=100))
    found = {row.name: row.id for row in page.rows}
    for name, (description, body) in TEMPLATES.items():
        if name not in found:
            valid = validate_template({"name": name, "description": description, "body": body})
            found[name] = await store(conn, organization_id, valid)
    return found
