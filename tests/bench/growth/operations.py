"""The measured operations: they call the product's own functions and check that the results are as expected."""

import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Final, TypeAlias
from uuid import UUID, uuid4

from bench.growth.subject import PAGE, READ, Subject

from bulksend.db import bulk_sends, deliveries, documents
from bulksend.db.bulk_sends import NewBulkSend
from bulksend.db.deliveries import ClaimedRow, Result
from bulksend.db.documents import DocumentSpan, SignerSpan
from bulksend.db.pages import NEWEST, Span
from bulksend.db.pool import Connection, Pool, write_at_once
from bulksend.resolvers.fast_validation import ValidSigner

SIGNERS: Final = 500
CLAIM: Final = 10
LEASE: Final = timedelta(minutes=5)
NO_INTERVAL: Final = timedelta()

Undo: TypeAlias = Callable[[], Awaitable[None]]
Work: TypeAlias = Callable[[], Awaitable[Undo]]


async def nothing() -> None:
    """Undo an operation that changed nothing."""


def list_first(subject: Subject) -> Work:
    """Read the newest 25 bulk sends."""
    organization_id, _ = subject.chance.choice(subject.list_starts)
    return _listing(subject, organization_id, NEWEST)


def list_deep(subject: Subject) -> Work:
    """Read 25 bulk sends from the middle of the list."""
    return _listing(subject, *subject.chance.choice(subject.list_middles))


def _listing(subject: Subject, organization_id: UUID, after: UUID) -> Work:
    async def work() -> Undo:
        async with subject.pool.acquire() as conn:
            page = await bulk_sends.read_page(
                conn, organization_id=organization_id, span=Span(PAGE, after=after), filters=bulk_sends.Filters()
            )
        assert len(page.rows) == PAGE
        return nothing

    return work


def list_signer(subject: Subject) -> Work:
    """Read the first 25 documents to one address; exactly one exists."""
    organization_id, email = subject.chance.choice(subject.signers)

    async def work() -> Undo:
        async with subject.pool.acquire() as conn:
            page = await documents.read_page(
                conn,
                organization_id=organization_id,
                span=DocumentSpan(PAGE),
                filters=documents.Filters(signer_email=email),
            )
        assert len(page.rows) == 1
        return nothing

    return work


def read(subject: Subject) -> Work:
    """Read one bulk send and its first 100 documents."""
    organization_id, bulk_send_id = subject.chance.choice(subject.bulk_sends)

    async def work() -> Undo:
        async with subject.pool.acquire() as conn:
            (row,) = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[bulk_send_id])
        async with subject.pool.acquire() as conn:
            pages = await documents.read_pages_of_bulk_sends(
                conn, organization_id=organization_id, bulk_send_ids=[row.id], span=SignerSpan(READ)
            )
        assert len(pages[row.id].rows) == READ
        return nothing

    return work


def create(subject: Subject) -> Work:
    """Store a bulk send to 500 signers in a single statement, as `resolvers/creating.py` does."""
    organization_id, template_id = subject.chance.choice(subject.templates)
    new = _new_bulk_send(template_id, [_signer(number, subject.chance) for number in range(SIGNERS)])

    async def store(conn: Connection) -> UUID:
        row = await bulk_sends.create(conn, organization_id=organization_id, interval=NO_INTERVAL, new=new)
        assert row
        return row.id

    async def work() -> Undo:
        bulk_send_id = await write_at_once(subject.pool, store)
        return lambda: _remove(subject.pool, organization_id, bulk_send_id)

    return work


def _new_bulk_send(template_id: UUID, signers: list[ValidSigner]) -> NewBulkSend:
    key = str(uuid4())
    return NewBulkSend(
        template_id=template_id,
        name="Spring",
        email_message="Please sign this by the end of the month.",
        external_id=None,
        idempotency_key=key,
        fingerprint=hashlib.sha256(key.encode()).digest(),
        signers=bulk_sends.signers_text(signers),
    )


def _signer(number: int, chance: random.Random) -> ValidSigner:
    # Random addresses, so that they fall anywhere among the existing ones.
    email = f"{chance.getrandbits(48):012x}@example.com"
    return ValidSigner(f"Signer {number}", email, None, None, f"contract-{number}", {"company": "Acme"})


async def _remove(pool: Pool, organization_id: UUID, bulk_send_id: UUID) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(_REMOVE_DOCUMENTS, organization_id, bulk_send_id)
        await conn.execute(_REMOVE_BULK_SEND, organization_id, bulk_send_id)
        await conn.execute(_REMOVE_TURN, organization_id)


def claim(subject: Subject) -> Work:
    """Lease 10 documents as the worker does; undo returns them to the queue, also as the worker does."""

    async def work() -> Undo:
        worker_id, lease_id = subject.worker_id, uuid4()
        async with subject.pool.acquire() as conn:
            claimed = await deliveries.claim(conn, worker_id=worker_id, lease_id=lease_id, limit=CLAIM, lease=LEASE)
        assert len(claimed) == CLAIM
        return lambda: _put_back(subject.pool, claimed)

    return work


async def _put_back(pool: Pool, claimed: list[ClaimedRow]) -> None:
    for (organization_id, bulk_send_id), group in groupby(claimed, lambda row: (row.organization_id, row.bulk_send_id)):
        results = [Result(row.id, row.lease_id, "pending", attempts=0) for row in group]
        async with pool.acquire() as conn, conn.transaction():
            await deliveries.record(conn, organization_id=organization_id, bulk_send_id=bulk_send_id, results=results)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation to measure, and how often in each round."""

    title: str
    prepare: Callable[[Subject], Work]
    times: int


OPERATIONS: Final[Mapping[str, Operation]] = {
    "list_first": Operation("list, first page of 25", list_first, 10),
    "list_deep": Operation("list, a page deep in it", list_deep, 10),
    "list_signer": Operation("list by signer's address", list_signer, 10),
    "read": Operation("read one and 100 documents", read, 10),
    "create": Operation("create with 500 signers", create, 3),
    "claim": Operation("claim 10 documents", claim, 6),
}

_REMOVE_DOCUMENTS: Final = "DELETE FROM documents WHERE organization_id = $1 AND bulk_send_id = $2"
_REMOVE_BULK_SEND: Final = "DELETE FROM bulk_sends WHERE organization_id = $1 AND id = $2"
_REMOVE_TURN: Final = """
DELETE FROM delivery_turns
WHERE
    organization_id = $1
    AND (
        SELECT next_attempt_at
        FROM documents
        WHERE organization_id = $1 AND next_attempt_at IS NOT NULL AND deleted_at IS NULL
        ORDER BY next_attempt_at
        LIMIT 1
    ) IS NULL
"""
