"""Events in the database cannot be changed or deleted, and are numbered without gaps for each document."""

import asyncpg
import pytest
from support.gateway import Tenant
from support.stored_bulk_sends import Stored, store

from bulksend.db.pool import Pool, write
from bulksend.delivery import event_log
from bulksend.delivery.event_log import SIGNER, Act, Source

CHANGES = (
    "UPDATE events SET type = 'declined'",
    "UPDATE events SET details = '{}' WHERE false",
    "DELETE FROM events",
    "TRUNCATE events",
    "DELETE FROM documents",
)


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    stored = await store(pool, tenant, 2)
    acts = [Act(document_id, "viewed", {"document_sha256": "0" * 64}) for document_id in stored.document_uuids]
    acts += [Act(stored.document_uuids[0], "declined", {"reason": "No."})]
    await write(
        pool,
        lambda conn: event_log.append(
            conn, organization_id=tenant.organization_id, acts=acts, source=Source(SIGNER, "203.0.113.7", "Browser")
        ),
    )
    return stored


@pytest.mark.parametrize("change", CHANGES)
async def test_events_can_only_be_appended(pool: Pool, stored: Stored, change: str) -> None:
    before = await pool.fetch("SELECT * FROM events")
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.ForeignKeyViolationError)):
        await pool.execute(change)
    assert await pool.fetch("SELECT * FROM events") == before


async def test_each_document_has_a_chain_of_its_own(pool: Pool, stored: Stored) -> None:
    rows = await pool.fetch("SELECT document_id, sequence, type FROM events ORDER BY document_id, sequence")
    first, second = stored.document_uuids
    assert [tuple(row) for row in rows] == [(first, 1, "viewed"), (first, 2, "declined"), (second, 1, "viewed")]


async def test_a_document_is_closed_once(pool: Pool, tenant: Tenant, stored: Stored) -> None:
    act = Act(stored.document_uuids[0], "signed", {"name": "Ann", "document_sha256": "0" * 64})
    with pytest.raises(asyncpg.UniqueViolationError):
        await write(
            pool,
            lambda conn: event_log.append(
                conn, organization_id=tenant.organization_id, acts=[act], source=Source(SIGNER)
            ),
        )
