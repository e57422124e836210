"""Bulk sends stored in the database without delivery, for tests of reads."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from support.gateway import Tenant

from bulksend.db import bulk_sends, documents, ids
from bulksend.db.bulk_sends import NewBulkSend
from bulksend.db.documents import SignerSpan
from bulksend.db.pool import Pool
from bulksend.resolvers.fast_validation import ValidSigner


@dataclass(frozen=True, slots=True)
class Stored:
    """The ids of a bulk send and its documents."""

    uuid: UUID
    document_uuids: tuple[UUID, ...]

    @property
    def id(self) -> str:
        return ids.encode(ids.BULK_SEND, self.uuid)

    @property
    def document_ids(self) -> list[str]:
        return [ids.encode(ids.DOCUMENT, one) for one in self.document_uuids]


async def store(
    pool: Pool,
    tenant: Tenant,
    signers: int = 1,
    *,
    name: str = "Spring",
    template_id: str | None = None,
    external_id: str | None = None,
    email: str = "signer{}@example.com",
    document_external_id: str | None = None,
) -> Stored:
    """Store a bulk send that is not delivered."""
    organization_id = tenant.organization_id
    people = [
        ValidSigner(f"Signer {number}", email.format(number), None, None, document_external_id, {})
        for number in range(signers)
    ]
    new = NewBulkSend(
        template_id=ids.decode(ids.TEMPLATE, template_id or tenant.template_id),
        name=name,
        email_message=None,
        external_id=external_id,
        idempotency_key=str(uuid4()),
        fingerprint=bytes(32),
        signers=bulk_sends.signers_text(people),
    )
    async with pool.acquire() as conn, conn.transaction():
        row = await bulk_sends.create(conn, organization_id=organization_id, interval=timedelta(), new=new)
        assert row is not None
        await conn.execute("DELETE FROM delivery_turns WHERE organization_id = $1", organization_id)
        pages = await documents.read_pages_of_bulk_sends(
            conn, organization_id=organization_id, bulk_send_ids=[row.id], span=SignerSpan(500)
        )
    return Stored(row.id, tuple(document.id for document in pages[row.id].rows))


async def move_to(pool: Pool, stored: Stored, moment: datetime) -> Stored:
    """Change when a bulk send was created: `created_at`, and its id, which begins with that time."""
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    moved = UUID(int=milliseconds << 80 | stored.uuid.int & (1 << 80) - 1)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL session_replication_role = replica")  # no foreign keys
        await conn.execute("UPDATE bulk_sends SET id = $2, created_at = $3 WHERE id = $1", stored.uuid, moved, moment)
        documents_moved = "UPDATE documents SET bulk_send_id = $2, created_at = $3 WHERE bulk_send_id = $1"
        await conn.execute(documents_moved, stored.uuid, moved, moment)
    return Stored(moved, stored.document_uuids)


async def delete(pool: Pool, tenant: Tenant, stored: Stored) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await bulk_sends.delete(conn, organization_id=tenant.organization_id, bulk_send_id=stored.uuid)


async def mark_sent(pool: Pool, stored: Stored, *indexes: int) -> None:
    """Mark these signers' documents as sent."""
    await _finish(pool, stored, indexes, "sent_at = clock_timestamp(), delivery_status = 'sent'", "sent_count")


async def mark_failed(pool: Pool, stored: Stored, *indexes: int) -> None:
    """Mark these signers' documents as failed with an unknown mailbox."""
    changes = (
        "failed_at = clock_timestamp(), delivery_status = 'failed', error_code = 'MAILBOX_UNAVAILABLE', "
        "error_message = '5.1.1 No such user', smtp_code = 550"
    )
    await _finish(pool, stored, indexes, changes, "failed_count")


async def _finish(pool: Pool, stored: Stored, indexes: tuple[int, ...], changes: str, counter: str) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(
            f"UPDATE documents SET {changes}, attempts = 1, next_attempt_at = NULL "
            "WHERE bulk_send_id = $1 AND signer_index = any($2::integer[])",
            stored.uuid,
            list(indexes),
        )
        await conn.execute(f"UPDATE bulk_sends SET {counter} = {counter} + $2 WHERE id = $1", stored.uuid, len(indexes))


def nodes(connection: dict[str, Any], field: str = "id") -> list[Any]:
    """Return one field of each node of a connection."""
    return [node[field] for node in connection["nodes"]]
