"""Bulk sends: one template, sent to 1–500 signers in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias, cast
from uuid import UUID

import asyncpg
import orjson

from bulksend.db import deliveries
from bulksend.db.pages import IdRange, Listing, Page, Span, ids_created, listing, page
from bulksend.db.pool import Connection
from bulksend.db.queries import command, query
from bulksend.db.rows import Row


class BulkSendRow(Row):
    """One bulk send. `status`: processing, completed or failed, derived from the counters by the database."""

    __slots__ = ()

    organization_id: UUID
    id: UUID
    template_id: UUID
    name: str
    email_message: str | None
    external_id: str | None
    status: str
    total_count: int
    sent_count: int
    failed_count: int
    pending_count: int
    cancelled_count: int
    progress: float
    viewed_count: int
    signed_count: int
    declined_count: int
    expired_count: int
    closed_count: int
    created_by: str | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class BulkSendWithTemplateRow(BulkSendRow):
    """One bulk send of a page with the short columns of its template."""

    __slots__ = ()

    template_name: str
    template_description: str | None
    template_created_at: datetime

    @property
    def without_template(self) -> BulkSendRow:
        """The same row with the columns of a `BulkSendRow` alone."""
        return cast(BulkSendRow, _WithoutTemplate(self))


class _WithoutTemplate:
    __slots__ = ("_row",)

    def __init__(self, row: BulkSendWithTemplateRow) -> None:
        self._row = row

    def __getattr__(self, name: str) -> object:
        return getattr(self._row, name)


@dataclass(frozen=True, slots=True)
class KeyHolderRow:
    """The bulk send that used an idempotency key first, and its age."""

    id: UUID
    fingerprint: bytes
    age: timedelta


@dataclass(frozen=True, slots=True)
class NextAllowedRow:
    """When the next bulk send may be created: a time in the future, and the wait until then."""

    at: datetime
    wait: timedelta


class Filters(NamedTuple):
    """The filters of a list of bulk sends, in the order of the queries' parameters; None matches everything."""

    status: tuple[str, ...] | None = None
    search: str | None = None
    template_id: UUID | None = None
    external_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def ids(self) -> IdRange:
        """The ids that all matching bulk sends lie between."""
        return ids_created(self.created_after, self.created_before)


# Name, email, phone, message, external id, the value of each merge field, and locale.
NewSigner: TypeAlias = tuple[str, str, str | None, str | None, str | None, Mapping[str, str], str | None]


@dataclass(frozen=True, slots=True)
class NewBulkSend:
    """A bulk send to create. `fingerprint`: SHA-256 of the canonical input; `signers`: their `signers_text`.

    `created_by`: the name of the API key. `remind_…`: days until the first automatic reminder and between the others,
    and how many there are at most.
    """

    template_id: UUID
    name: str
    email_message: str | None
    external_id: str | None
    idempotency_key: str
    fingerprint: bytes
    signers: str
    locale: str = "en"
    expires_in_days: int | None = None
    remind_after_days: int | None = None
    remind_every_days: int | None = None
    remind_at_most: int | None = None
    created_by: str | None = None


_GET_MANY = query("bulk_sends", "get_many", BulkSendRow)
_NEWEST = query("bulk_sends", "newest", BulkSendRow)
_ALL = listing("bulk_sends", BulkSendWithTemplateRow)
_BY_TEMPLATE = listing("bulk_sends", BulkSendWithTemplateRow, "_by_template")
_BY_EXTERNAL_ID = listing("bulk_sends", BulkSendWithTemplateRow, "_by_external_id")
_FIND_BY_IDEMPOTENCY_KEY = query("bulk_sends", "find_by_idempotency_key", KeyHolderRow)
_NEXT_ALLOWED_AT = query("bulk_sends", "next_allowed_at", NextAllowedRow)
_CREATE = query("bulk_sends", "create", BulkSendRow)
_LOCK = command("bulk_sends", "lock")
_DELETE = command("bulk_sends", "delete")
_CANCEL = command("bulk_sends", "cancel")
_RETRY = command("bulk_sends", "retry")
_KEY_IS_USED: Final = "bulk_sends_by_idempotency_key"


async def get_many(conn: Connection, *, organization_id: UUID, ids: Sequence[UUID]) -> list[BulkSendRow]:
    """Return the bulk sends with these ids, in no order; deleted and unknown ones are left out."""
    return await _GET_MANY.all(conn, organization_id, ids)


async def newest(conn: Connection, *, organization_id: UUID) -> BulkSendRow | None:
    """Return the organization's newest bulk send, or None."""
    return await _NEWEST.one(conn, organization_id)


async def read_page(
    conn: Connection, *, organization_id: UUID, span: Span, filters: Filters, with_templates: bool = False
) -> Page[BulkSendRow]:
    """Fetch one page, newest first; `with_templates`: of `BulkSendWithTemplateRow`s."""
    bound = _listing(filters).page(backwards=span.backwards)
    size, after, before, _ = span.within(filters.ids)
    row = BulkSendWithTemplateRow if with_templates else BulkSendRow
    rows = await bound.all_as(row, conn, organization_id, after, before, size + 1, *filters, with_templates)
    return page(rows, size=span.size, backwards=span.backwards)


async def count(conn: Connection, *, organization_id: UUID, filters: Filters) -> int:
    """Return the number of bulk sends that match the filters."""
    return cast(int, await _listing(filters).count.value(conn, organization_id, *filters, *filters.ids))


def _listing(filters: Filters) -> Listing[BulkSendWithTemplateRow]:
    if filters.external_id is not None:
        return _BY_EXTERNAL_ID
    return _ALL if filters.template_id is None else _BY_TEMPLATE


async def find_by_idempotency_key(
    conn: Connection, *, organization_id: UUID, idempotency_key: str
) -> KeyHolderRow | None:
    """Return the bulk send that the key was used for, deleted or not, or None."""
    return await _FIND_BY_IDEMPOTENCY_KEY.one(conn, organization_id, idempotency_key)


async def next_allowed(conn: Connection, *, organization_id: UUID, interval: timedelta) -> NextAllowedRow | None:
    """Return when the next create will be accepted, or None if it would be now."""
    return await _NEXT_ALLOWED_AT.one(conn, organization_id, interval)


def signers_text(signers: Sequence[NewSigner]) -> str:
    """Return signers as the JSON text of `NewBulkSend.signers`; encoding six arrays instead takes six times as long."""
    return orjson.dumps(signers, default=tuple).decode()


async def create(
    conn: Connection, *, organization_id: UUID, interval: timedelta, new: NewBulkSend
) -> BulkSendRow | None:
    """Insert a bulk send, its documents and a turn to deliver them, in a transaction of its own.

    Return None if it is too early for another, or the idempotency key was used before. Raise asyncpg's
    `ForeignKeyViolationError` if there is no such template.
    """
    try:
        return await _create(conn, organization_id, interval, new)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != _KEY_IS_USED:
            raise
        return None


async def _create(conn: Connection, organization_id: UUID, interval: timedelta, new: NewBulkSend) -> BulkSendRow | None:
    return await _CREATE.one(
        conn,
        organization_id,
        interval,
        new.template_id,
        new.name,
        new.email_message,
        new.external_id,
        new.idempotency_key,
        new.fingerprint,
        new.signers,
        new.locale,
        new.expires_in_days,
        new.remind_after_days,
        new.remind_every_days,
        new.remind_at_most,
        new.created_by,
    )


async def lock(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID) -> bool:
    """Lock a bulk send before it and its documents change; return False if there is none."""
    return await _LOCK.value(conn, organization_id, bulk_send_id) is not None


async def delete(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID) -> bool:
    """Soft-delete a bulk send and its documents; return False if there is none. Lock it first."""
    return await _DELETE.value(conn, organization_id, bulk_send_id) is not None


async def cancel(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, reply_wait: timedelta) -> int:
    """Fail the pending documents, leased or not, and return how many that were. Lock the bulk send first.

    `reply_wait`: how long after its lease a mail in flight may still be accepted.
    """
    cancelled = cast(int, await _CANCEL.value(conn, organization_id, bulk_send_id, reply_wait))
    await deliveries.begin_next_mails(conn, organization_id=organization_id, bulk_send_id=bulk_send_id)
    return cancelled


async def retry(
    conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, document_ids: Sequence[UUID] | None
) -> int:
    """Queue failed documents again, all or those named, and return their number. Lock the bulk send first.

    What was cancelled in flight is tried no sooner than its mail can no longer be accepted.
    """
    return cast(int, await _RETRY.value(conn, organization_id, bulk_send_id, document_ids))
