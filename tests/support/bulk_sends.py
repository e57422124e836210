"""Store bulk sends as a create does, due for delivery, and check their invariants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from bulksend.db import bulk_sends, documents, organizations
from bulksend.db.bulk_sends import BulkSendRow, NewBulkSend
from bulksend.db.documents import DocumentRow, SignerSpan
from bulksend.db.pool import Connection, Pool
from bulksend.resolvers import templates
from bulksend.resolvers.fast_validation import ValidSigner
from bulksend.resolvers.template_inputs import validate_template

NO_INTERVAL: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Sent:
    """A bulk send that a test created."""

    organization_id: UUID
    id: UUID


async def new_organization(conn: Connection, name: str = "Acme") -> tuple[UUID, UUID]:
    """Create an organization and a template and return both ids."""
    organization_id = await organizations.create(conn, name=name)
    valid = validate_template({"name": "NDA", "body": "Sign here."})
    template_id = await templates.store(conn, organization_id, valid)
    return organization_id, template_id


def addresses(count: int, domain: str = "example.com") -> list[str]:
    return [f"signer{number}@{domain}" for number in range(count)]


async def create(conn: Connection, organization_id: UUID, template_id: UUID, emails: Sequence[str]) -> Sent:
    """Create a bulk send to these addresses, without the gateway's validation."""
    people = [ValidSigner(f"Signer {number}", email, None, None, None, {}) for number, email in enumerate(emails)]
    signers = bulk_sends.signers_text(people)
    new = NewBulkSend(template_id, "Spring", "Please sign.", None, str(uuid4()), bytes(32), signers)
    row = await bulk_sends.create(conn, organization_id=organization_id, interval=NO_INTERVAL, new=new)
    assert row is not None
    return Sent(organization_id, row.id)


async def create_for_new_organization(pool: Pool, emails: Sequence[str], name: str = "Acme") -> Sent:
    async with pool.acquire() as conn:
        return await create(conn, *await new_organization(conn, name), emails)


async def bulk_send(pool: Pool, sent: Sent) -> BulkSendRow:
    async with pool.acquire() as conn:
        [row] = await bulk_sends.get_many(conn, organization_id=sent.organization_id, ids=[sent.id])
    return row


async def documents_of(pool: Pool, sent: Sent) -> list[DocumentRow]:
    """Return all documents of a bulk send, in the order of their signers."""
    async with pool.acquire() as conn:
        pages = await documents.read_pages_of_bulk_sends(
            conn, organization_id=sent.organization_id, bulk_send_ids=[sent.id], span=SignerSpan(500)
        )
    return list(pages[sent.id].rows)


async def miscounted(conn: Connection) -> list[UUID]:
    """Return the bulk sends, deleted ones included, whose counters disagree with their documents."""
    rows = await conn.fetch(_MISCOUNTED)
    return [row["id"] for row in rows]


async def pass_time(pool: Pool, seconds: float) -> None:
    """Move all leases and waits this many seconds into the past."""
    await pool.execute(_PASS_TIME, timedelta(seconds=seconds))


_PASS_TIME = """
WITH aged AS (
    UPDATE documents SET
        queued_at = queued_at - $1::interval,
        next_attempt_at = next_attempt_at - $1::interval,
        in_flight_until = in_flight_until - $1::interval
    WHERE next_attempt_at IS NOT NULL OR in_flight_until IS NOT NULL
)

UPDATE delivery_turns SET due_at = due_at - $1::interval
"""

_MISCOUNTED = """
SELECT bulk_sends.id
FROM bulk_sends
LEFT JOIN documents
    ON bulk_sends.organization_id = documents.organization_id AND bulk_sends.id = documents.bulk_send_id
GROUP BY bulk_sends.organization_id, bulk_sends.id
HAVING
    bulk_sends.sent_count <> count(*) FILTER (WHERE documents.delivery_status = 'sent')
    OR bulk_sends.failed_count <> count(*) FILTER (WHERE documents.delivery_status = 'failed')
    OR bulk_sends.pending_count <> count(*) FILTER (WHERE documents.delivery_status = 'pending')
    OR bulk_sends.viewed_count <> count(*) FILTER (WHERE documents.viewed_at IS NOT NULL)
    OR bulk_sends.signed_count <> count(*) FILTER (WHERE documents.status = 'signed')
    OR bulk_sends.declined_count <> count(*) FILTER (WHERE documents.status = 'declined')
    OR bulk_sends.closed_count <> count(*) FILTER (WHERE documents.status <> 'pending')
    OR bulk_sends.cancelled_count <> count(*) FILTER (
        WHERE documents.delivery_status = 'failed' AND documents.error_code = 'CANCELLED'
    )
    OR (bulk_sends.completed_at IS NULL) <> (bulk_sends.pending_count > 0)
"""
