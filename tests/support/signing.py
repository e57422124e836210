"""A signer without a browser: open a signing link, fill in its form and post it."""

import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from uuid import UUID

from support.gateway import Reply, RunningGateway, Tenant

from bulksend.db import ids
from bulksend.db.pool import Pool

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass(frozen=True, slots=True)
class SigningForm:
    """The page of a signing link, and the hidden fields of its forms."""

    path: str
    page: Reply
    hidden: dict[str, str] = field(default_factory=dict)

    def signed(self, name: str = "Ann Example", **changes: str) -> dict[str, str]:
        """Return the form data that a browser posts when the signer signs."""
        return {**self.hidden, "consent": "yes", "name": name, "decision": "sign", **changes}

    def declined(self, reason: str = "Wrong price", **changes: str) -> dict[str, str]:
        """Return the form data that a browser posts when the signer declines."""
        return {**self.hidden, "reason": reason, "decision": "decline", **changes}


async def signing_path(gateway: RunningGateway, tenant: Tenant, document_id: str) -> str:
    """Return the path of a document's signing link."""
    query = "query($id: ID!) { document(id: $id) { signingUrl } }"
    url = (await gateway.ask(tenant, query, {"id": document_id})).data["document"]["signingUrl"]
    return str(url.removeprefix("http://sign.example.com"))


async def open_form(gateway: RunningGateway, path: str, **options: Any) -> SigningForm:
    """Open a signing link and return the page."""
    page = await gateway.get(path, **options)
    found = {name: unescape(value) for name, value in _HIDDEN.findall(page.body)}
    return SigningForm(path, page, found)


async def post_form(gateway: RunningGateway, path: str, posted: dict[str, str], **options: Any) -> Reply:
    """Post a form of the page without following the redirect after success."""
    url = f"{gateway.url}{path}"
    async with gateway.session.post(url, data=posted, allow_redirects=False, **options) as response:
        return Reply(response.status, response.headers, await response.text())


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as stored."""

    type: str
    actor: str
    ip: str | None
    user_agent: str | None
    details: dict[str, Any]


async def events_of(pool: Pool, document_uuid: UUID) -> list[RecordedEvent]:
    """Return the events of a document, oldest first."""
    rows = await pool.fetch(
        "SELECT type, actor, ip, user_agent, details FROM events WHERE document_id = $1 ORDER BY sequence",
        document_uuid,
    )
    return [
        RecordedEvent(row["type"], row["actor"], row["ip"], row["user_agent"], json.loads(row["details"]))
        for row in rows
    ]


async def document_status(pool: Pool, document_uuid: UUID) -> str:
    """Return the status of a document as reads return it."""
    status: str = await pool.fetchval("SELECT status FROM document_rows WHERE id = $1", document_uuid)
    return status


async def signing_counts(pool: Pool, bulk_send_uuid: UUID) -> dict[str, int]:
    """Return the counters of a bulk send as reads return them."""
    row = await pool.fetchrow(
        "SELECT viewed_count AS viewed, signed_count AS signed, declined_count AS declined, expired_count AS expired "
        "FROM bulk_send_rows WHERE id = $1",
        bulk_send_uuid,
    )
    return dict(row) if row else {}


def document_uuid(document_id: str) -> UUID:
    return ids.decode(ids.DOCUMENT, document_id)
