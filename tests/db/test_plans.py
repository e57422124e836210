"""Frequent queries find their rows through an index, with custom and with generic plans.

asyncpg prepares every statement, so PostgreSQL may switch to a generic plan at any time, which must be good too.
"""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from conftest import clone

from bulksend.db import (  # noqa: F401  # importing a noun binds its queries
    api_keys,
    bulk_sends,
    documents,
    events,
    sent_documents,
    signing,
)
from bulksend.db.documents import AFTER_LAST_SIGNER, BEFORE_FIRST_SIGNER, NO_FILTERS, DocumentSpan
from bulksend.db.pages import NEWEST, OLDEST, IdRange, Span, ids_created
from bulksend.db.pool import Connection
from bulksend.db.queries import BOUND

ORGANIZATIONS = 20
BULK_SENDS = 20_000  # 1,000 per organization
SIGNERS = 3
SEED = f"""
INSERT INTO organizations (name) SELECT 'Organization ' || n FROM generate_series(1, {ORGANIZATIONS}) AS n;
INSERT INTO bulk_send_rates (organization_id) SELECT id FROM organizations;
INSERT INTO api_keys (organization_id, name, key_hash, scopes)
SELECT id, 'Key ' || n, sha256((id::text || n)::bytea), '{{*}}' FROM organizations, generate_series(1, 50) AS n;
INSERT INTO templates (organization_id, name, body, merge_fields)
SELECT id, 'Template ' || n, 'Sign.', '{{}}' FROM organizations, generate_series(1, 200) AS n;
INSERT INTO bulk_sends (
    organization_id, id, created_at, template_id, name, external_id, idempotency_key, fingerprint,
    total_count, sent_count, failed_count
)
SELECT
    organization_id, id, uuid_extract_timestamp(id), template_ids[1 + n % 20], 'Bulk send ' || n, 'external-' || n,
    'key-' || n, sha256('x'),
    {SIGNERS},
    CASE WHEN n % 200 = 0 THEN 0 WHEN n % 100 = 0 THEN {SIGNERS - 1} ELSE {SIGNERS} END,
    CASE WHEN n % 200 = 0 THEN {SIGNERS} ELSE 0 END
FROM (
    SELECT *, uuidv7(interval '1 hour' * (n - {BULK_SENDS // ORGANIZATIONS})) AS id
    FROM
        (SELECT organization_id, array_agg(id ORDER BY id) AS template_ids FROM templates GROUP BY 1) AS tenants,
        generate_series(1, {BULK_SENDS // ORGANIZATIONS}) AS n
) AS an_hour_apart;
INSERT INTO documents (
    organization_id, bulk_send_id, created_at, signer_index, signer_name, signer_email, signer_values, external_id,
    delivery_status, next_attempt_at, sent_at, next_reminder_at
)
SELECT organization_id, id, created_at, n, 'Signer', 'Signer-' || name || n || '@example.com', '{{}}',
    external_id || '-' || n,
    'sent', NULL, clock_timestamp(), CASE WHEN n = 1 THEN clock_timestamp() + interval '1 day' END
FROM bulk_sends, generate_series(0, {SIGNERS - 1}) AS n;
INSERT INTO sealed_pdfs (organization_id, document_id)
SELECT organization_id, id FROM documents WHERE signer_index = 0;
INSERT INTO events (organization_id, document_id, sequence, type, occurred_at, actor, details, previous_hash, hash)
SELECT organization_id, id, 1, 'viewed', clock_timestamp(), 'signer', '{{}}', sha256('x'), sha256('y')
FROM documents WHERE signer_index = 0;
ANALYZE;
"""
NO_TEMPLATES, WITH_TEMPLATES = False, True
ENDS = (NEWEST, OLDEST, 26)
DOCUMENT_ENDS = (NEWEST, AFTER_LAST_SIGNER, OLDEST, BEFORE_FIRST_SIGNER, 26)
_TEMPLATE_IN_USE = "SELECT template_id FROM bulk_sends WHERE organization_id = $1 LIMIT 1"
MODES = ("force_custom_plan", "force_generic_plan")


@pytest.fixture(scope="module")
async def seeded(server_dsn: str, worker_name: str) -> AsyncIterator[Connection]:
    """A connection to a database with many tenants, each with many rows."""
    async with clone(server_dsn, f"bulksend_plans_{worker_name}") as dsn:
        conn = await asyncpg.connect(dsn)
        try:
            await conn.execute(SEED)
            yield conn
        finally:
            await conn.close()


@pytest.fixture(scope="module")
async def tenant_id(seeded: Connection) -> UUID:
    found: UUID = await seeded.fetchval("SELECT id FROM organizations ORDER BY id LIMIT 1 OFFSET 7")
    return found


class Plan:
    """The output of EXPLAIN ANALYZE."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.nodes = list(walk(root))

    @property
    def indexes(self) -> set[str]:
        """The indexes that were used."""
        return {node["Index Name"] for node in self.nodes if "Index Name" in node and node["Actual Loops"]}

    @property
    def scanned_whole(self) -> set[str]:
        scans = (node for node in self.nodes if node["Node Type"] == "Seq Scan" and node["Actual Loops"])
        return {node["Relation Name"] for node in scans}

    @property
    def rows_read(self) -> int:
        """The number of table rows that were read, including those filtered out."""
        return sum(
            round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
            for node in self.nodes
            if "Relation Name" in node
        )


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)


async def explain(conn: Connection, mode: str, noun: str, name: str, *arguments: object) -> Plan:
    """Run a query in this `plan_cache_mode`, roll it back, and return its plan."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
        await conn.execute(f"PREPARE explained AS {BOUND[noun, name].text}")
        given = ", ".join(literal(argument) for argument in arguments)
        (told,) = json.loads(await conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT json) EXECUTE explained ({given})"))
        return Plan(told["Plan"])
    finally:
        await conn.execute("DEALLOCATE explained")
        await transaction.rollback()


def literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case list():
            return f"'{{{','.join(map(str, value))}}}'"
        case _:
            return f"'{value}'"


def filtered(**filters: object) -> tuple[object, ...]:
    return bulk_sends.Filters(**filters)  # type: ignore[arg-type]


def documents_filtered(**filters: object) -> tuple[object, ...]:
    return documents.Filters(**filters).arguments()  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["first_page", "last_page"])
async def test_a_page_of_bulk_sends_reads_no_more_than_it_gives(
    seeded: Connection, tenant_id: UUID, mode: str, name: str
) -> None:
    plan = await explain(seeded, mode, "bulk_sends", name, tenant_id, *ENDS, *filtered(), NO_TEMPLATES)
    assert plan.indexes == {"bulk_sends_pkey"}
    assert not plan.scanned_whole
    assert plan.rows_read == 26


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["first_page", "last_page"])
@pytest.mark.parametrize("way", ["", "_by_template"])
async def test_a_page_of_bulk_sends_joins_its_templates_alone(
    seeded: Connection, tenant_id: UUID, mode: str, name: str, way: str
) -> None:
    filters = filtered(template_id=await seeded.fetchval(_TEMPLATE_IN_USE, tenant_id) if way else None)
    plan = await explain(seeded, mode, "bulk_sends", f"{name}{way}", tenant_id, *ENDS, *filters, WITH_TEMPLATES)
    assert plan.indexes == {f"bulk_sends{way or '_pkey'}", "templates_pkey"}
    assert not plan.scanned_whole
    # A template shared by several bulk sends may be read once only.
    assert 26 < plan.rows_read <= 52


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["first_page", "last_page"])
async def test_a_page_of_documents_reads_little_more_than_it_gives(
    seeded: Connection, tenant_id: UUID, mode: str, name: str
) -> None:
    plan = await explain(seeded, mode, "documents", name, tenant_id, *DOCUMENT_ENDS, *documents_filtered())
    assert plan.indexes == {"documents_organization_id_bulk_send_id_signer_index_key"}
    assert not plan.scanned_whole
    # Newest bulk send first but first signer first: the last bulk send is read completely, to be sorted.
    assert 26 <= plan.rows_read < 26 + SIGNERS


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("direction", ["first", "last"])
async def test_bulk_sends_are_found_by_what_has_an_index(
    seeded: Connection, tenant_id: UUID, mode: str, direction: str
) -> None:
    template_id = await seeded.fetchval(_TEMPLATE_IN_USE, tenant_id)
    for way, index, filters, most in [
        ("by_external_id", "bulk_sends_by_external_id", filtered(external_id="external-500"), 1),
        ("by_template", "bulk_sends_by_template", filtered(template_id=template_id), 50),
        (
            "by_external_id",
            "bulk_sends_by_external_id",
            filtered(external_id="external-500", template_id=template_id, status=["completed"], search="send"),
            1,
        ),
    ]:
        plan = await explain(
            seeded, mode, "bulk_sends", f"{direction}_page_{way}", tenant_id, *ENDS, *filters, NO_TEMPLATES
        )
        assert plan.indexes == {index}
        assert not plan.scanned_whole
        assert plan.rows_read <= most
        plan = await explain(seeded, mode, "bulk_sends", f"count_{way}", tenant_id, *filters, OLDEST, NEWEST)
        assert plan.indexes == {index}
        assert plan.rows_read <= 50


@pytest.mark.parametrize("name", ["first_page", "last_page"])
async def test_bulk_sends_of_a_rare_status_are_found_by_it(seeded: Connection, tenant_id: UUID, name: str) -> None:
    arguments = (tenant_id, *ENDS, *filtered(status=["failed"]), NO_TEMPLATES)
    plan = await explain(seeded, "force_custom_plan", "bulk_sends", name, *arguments)
    assert plan.indexes == {"bulk_sends_by_status"}
    assert plan.rows_read <= 26

    # A generic plan reads the tenant's bulk sends from the requested end.
    plan = await explain(seeded, "force_generic_plan", "bulk_sends", name, *arguments)
    assert plan.indexes == {"bulk_sends_pkey"}
    assert plan.rows_read <= BULK_SENDS / ORGANIZATIONS


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("direction", ["first", "last"])
async def test_documents_are_found_by_what_has_an_index(
    seeded: Connection, tenant_id: UUID, mode: str, direction: str
) -> None:
    email = "SIGNER-bulk send 5001@example.com"
    for way, index, filters in [
        ("by_signer", "documents_by_signer", documents_filtered(signer_email=email)),
        ("by_external_id", "documents_by_external_id", documents_filtered(external_id="external-500-1")),
        (
            "by_signer",
            "documents_by_signer",
            documents_filtered(signer_email=email, status=["pending"], delivery_status=["sent"]),
        ),
    ]:
        name = f"{direction}_page_{way}"
        plan = await explain(seeded, mode, "documents", name, tenant_id, *DOCUMENT_ENDS, *filters)
        assert plan.indexes == {index}
        assert not plan.scanned_whole
        assert plan.rows_read == 1
        plan = await explain(seeded, mode, "documents", f"count_{way}", tenant_id, *filters, OLDEST, NEWEST)
        assert plan.indexes == {index}
        assert plan.rows_read == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("direction", ["first", "last"])
async def test_documents_of_a_template_are_found_by_its_bulk_sends(
    seeded: Connection, tenant_id: UUID, mode: str, direction: str
) -> None:
    template_id = await seeded.fetchval(_TEMPLATE_IN_USE, tenant_id)
    filters = documents_filtered(template_id=template_id)
    name = f"{direction}_page_by_template"
    plan = await explain(seeded, mode, "documents", name, tenant_id, *DOCUMENT_ENDS, *filters)
    assert plan.indexes == {"bulk_sends_by_template", "documents_organization_id_bulk_send_id_signer_index_key"}
    assert not plan.scanned_whole
    # The bulk sends of 26 documents, and one more to know that the last one is complete.
    assert plan.rows_read <= 26 + 26 // SIGNERS + 2 + SIGNERS


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("direction", ["first", "last"])
async def test_documents_of_one_bulk_send_are_a_narrow_range(
    seeded: Connection, tenant_id: UUID, mode: str, direction: str
) -> None:
    (bulk_send_id,) = await some_ids(seeded, tenant_id, "bulk_sends", 1)
    span = DocumentSpan(26, backwards=direction == "last").within(IdRange(bulk_send_id, bulk_send_id))
    filters = documents_filtered()
    plan = await explain(
        seeded, mode, "documents", f"{direction}_page", tenant_id, *span.after, *span.before, 26, *filters
    )
    assert plan.indexes == {"documents_organization_id_bulk_send_id_signer_index_key"}
    assert plan.rows_read == SIGNERS
    plan = await explain(seeded, mode, "documents", "count", tenant_id, *filters, bulk_send_id, bulk_send_id)
    assert plan.indexes == {"documents_organization_id_bulk_send_id_signer_index_key"}
    assert plan.rows_read == SIGNERS


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("direction", ["first", "last"])
async def test_bulk_sends_of_a_time_are_a_narrow_range(
    seeded: Connection, tenant_id: UUID, mode: str, direction: str
) -> None:
    filters = bulk_sends.Filters(**await a_day(seeded, tenant_id))
    span = Span(26, backwards=direction == "last").within(filters.ids)
    given = (tenant_id, span.after, span.before, 26, *filters, NO_TEMPLATES)
    plan = await explain(seeded, mode, "bulk_sends", f"{direction}_page", *given)
    assert plan.indexes == {"bulk_sends_pkey"}
    assert 24 <= plan.rows_read <= 26
    plan = await explain(seeded, mode, "bulk_sends", "count", tenant_id, *filters, *filters.ids)
    assert not plan.scanned_whole
    assert 24 <= plan.rows_read <= 26


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("direction", ["first", "last"])
async def test_documents_of_a_time_are_a_narrow_range(
    seeded: Connection, tenant_id: UUID, mode: str, direction: str
) -> None:
    filters = documents.Filters(**await a_day(seeded, tenant_id))
    span = DocumentSpan(26, backwards=direction == "last").within(filters.bulk_send_ids)
    given = (tenant_id, *span.after, *span.before, 26, *filters.arguments())
    plan = await explain(seeded, mode, "documents", f"{direction}_page", *given)
    assert plan.indexes == {"documents_organization_id_bulk_send_id_signer_index_key"}
    # In addition, up to one bulk send within the tolerance at the end of the day.
    assert 26 <= plan.rows_read < 26 + 2 * SIGNERS
    given = (tenant_id, *filters.arguments(), *filters.bulk_send_ids)
    plan = await explain(seeded, mode, "documents", "count", *given)
    assert plan.indexes == {"documents_organization_id_bulk_send_id_signer_index_key"}
    assert 24 * SIGNERS <= plan.rows_read <= 26 * SIGNERS


@pytest.mark.parametrize("backwards", [False, True])
async def test_pages_and_counts_of_a_time_are_read_in_its_range(
    seeded: Connection, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch, backwards: bool
) -> None:
    asked: list[tuple[object, ...]] = []

    async def note(_self: object, _conn: object, *arguments: object) -> Any:
        asked.append(arguments)
        return [] if len(asked) < 3 else 0

    async def note_as(_self: object, _row: object, conn: object, *arguments: object) -> Any:
        return await note(_self, conn, *arguments)

    day = await a_day(seeded, tenant_id)
    monkeypatch.setattr("bulksend.db.queries.Query.all", note)
    monkeypatch.setattr("bulksend.db.queries.Query.all_as", note_as)
    monkeypatch.setattr("bulksend.db.queries.Command.value", note)
    sends, papers = bulk_sends.Filters(**day), documents.Filters(**day)
    span, document_span = Span(25, backwards=backwards), DocumentSpan(25, backwards=backwards)
    await bulk_sends.read_page(seeded, organization_id=tenant_id, span=span, filters=sends)
    await documents.read_page(seeded, organization_id=tenant_id, span=document_span, filters=papers)
    await bulk_sends.count(seeded, organization_id=tenant_id, filters=sends)
    await documents.count(seeded, organization_id=tenant_id, filters=papers)

    ids = ids_created(day["created_after"], day["created_before"])
    assert asked[0][1:3] == (ids.newest, ids.oldest)
    assert (asked[1][1], asked[1][3]) == (ids.newest, ids.oldest)
    assert asked[2][-2:] == asked[3][-2:] == ids


async def a_day(conn: Connection, tenant_id: UUID) -> dict[str, Any]:
    """Return filters for a day in the middle of the tenant's bulk sends."""
    middle = await conn.fetchval(
        "SELECT created_at FROM bulk_sends WHERE organization_id = $1 ORDER BY id OFFSET 500 LIMIT 1", tenant_id
    )
    return {"created_after": middle, "created_before": middle + timedelta(days=1)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["first_of_bulk_sends", "last_of_bulk_sends"])
@pytest.mark.parametrize("statuses", [(None, None), (None, ["sent"])], ids=["all", "sent"])
async def test_the_documents_of_a_page_of_bulk_sends(
    seeded: Connection, tenant_id: UUID, mode: str, name: str, statuses: tuple[object, object]
) -> None:
    parents = await some_ids(seeded, tenant_id, "bulk_sends")
    plan = await explain(seeded, mode, "documents", name, tenant_id, parents, -1, 500, 2, *statuses, None, None)
    assert plan.indexes == {"documents_organization_id_bulk_send_id_signer_index_key"}
    assert not plan.scanned_whole
    assert plan.rows_read == 2 * len(parents)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("statuses", [(None, None), (None, ["sent"])], ids=["all", "sent"])
async def test_a_bulk_send_with_its_documents(
    seeded: Connection, tenant_id: UUID, mode: str, statuses: tuple[object, object]
) -> None:
    (parent,) = await some_ids(seeded, tenant_id, "bulk_sends", 1)
    plan = await explain(seeded, mode, "documents", "with_bulk_send", tenant_id, parent, 2, *statuses, None, None)
    assert plan.indexes == {"bulk_sends_pkey", "documents_organization_id_bulk_send_id_signer_index_key"}
    assert not plan.scanned_whole
    assert plan.rows_read == 1 + 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("noun", ["bulk_sends", "documents", "templates"])
async def test_rows_by_their_ids(seeded: Connection, tenant_id: UUID, mode: str, noun: str) -> None:
    wanted = await some_ids(seeded, tenant_id, noun)
    plan = await explain(seeded, mode, noun, "get_many", tenant_id, wanted)
    assert plan.indexes
    assert not plan.scanned_whole
    assert plan.rows_read == len(wanted)


@pytest.mark.parametrize("mode", MODES)
async def test_counting_documents_of_bulk_sends(seeded: Connection, tenant_id: UUID, mode: str) -> None:
    parents = await some_ids(seeded, tenant_id, "bulk_sends")
    plan = await explain(seeded, mode, "documents", "count_of_bulk_sends", tenant_id, parents, *NO_FILTERS)
    assert plan.indexes == {"documents_organization_id_bulk_send_id_signer_index_key"}
    assert not plan.scanned_whole


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["first_page", "last_page"])
async def test_a_page_of_templates(seeded: Connection, tenant_id: UUID, mode: str, name: str) -> None:
    plan = await explain(seeded, mode, "templates", name, tenant_id, *ENDS, None)
    assert plan.indexes == {"templates_pkey"}
    assert not plan.scanned_whole
    assert plan.rows_read <= 200


@pytest.mark.parametrize("mode", MODES)
async def test_single_rows(seeded: Connection, tenant_id: UUID, mode: str) -> None:
    key_hash = await seeded.fetchval("SELECT max(key_hash) FROM api_keys WHERE organization_id = $1", tenant_id)
    plan = await explain(seeded, mode, "api_keys", "find_by_hash", key_hash)
    assert "api_keys_key_hash_key" in plan.indexes
    assert "api_keys" not in plan.scanned_whole

    plan = await explain(seeded, mode, "api_keys", "list_invalid_lately", "2 minutes")
    assert plan.indexes == {"api_keys_invalid_since_idx"}
    assert plan.rows_read == 0

    plan = await explain(seeded, mode, "bulk_sends", "find_by_idempotency_key", tenant_id, "key-500")
    assert plan.indexes == {"bulk_sends_by_idempotency_key"}
    assert plan.rows_read == 1

    plan = await explain(seeded, mode, "bulk_sends", "newest", tenant_id)
    assert plan.indexes == {"bulk_sends_pkey"}
    assert plan.rows_read == 1

    (document_id,) = await some_ids(seeded, tenant_id, "documents", 1)
    plan = await explain(seeded, mode, "signing", "open", tenant_id, document_id)
    assert {"documents_pkey", "bulk_sends_pkey", "templates_pkey"} <= plan.indexes
    assert plan.scanned_whole <= {"organizations"}


@pytest.mark.parametrize("mode", MODES)
async def test_the_history_of_documents(seeded: Connection, tenant_id: UUID, mode: str) -> None:
    wanted = await some_ids(seeded, tenant_id, "documents")
    plan = await explain(seeded, mode, "events", "get_histories", tenant_id, wanted)
    assert plan.indexes == {"events_pkey"}
    assert not plan.scanned_whole
    assert plan.rows_read <= len(wanted)


@pytest.mark.parametrize("mode", MODES)
async def test_due_reminders(seeded: Connection, mode: str) -> None:
    plan = await explain(seeded, mode, "sent_documents", "get_due_reminders", 100)
    assert plan.indexes == {"documents_by_next_reminder"}
    assert plan.rows_read == 0


async def some_ids(conn: Connection, tenant_id: UUID, noun: str, count: int = 20) -> list[UUID]:
    rows = await conn.fetch(f"SELECT id FROM {noun} WHERE organization_id = $1 ORDER BY id LIMIT {count}", tenant_id)
    return [row["id"] for row in rows]
