"""Creating a bulk send: validate everything, then store it in one statement.

DESIGN 6 locks the rate row first, so that whatever comes next has a snapshot of its own. Here the statement claims the
rate and stores everything, and whoever gets nothing looks up the key afterwards: a new snapshot, and the same answers.
"""

import asyncio
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog

from bulksend.db import bulk_sends, ids
from bulksend.db.bulk_sends import BulkSendRow, KeyHolderRow, NewBulkSend
from bulksend.db.errors import TRANSIENT, UNREACHABLE
from bulksend.db.pool import Connection, write_at_once
from bulksend.db.templates import TemplateRow
from bulksend.resolvers import preview, rate_limit
from bulksend.resolvers.bulk_sends import wait_until_finished
from bulksend.resolvers.context import Context
from bulksend.resolvers.preview import Preview
from bulksend.resolvers.user_errors import UserError, UserErrorCode, Warning
from bulksend.resolvers.validation import Invalid, ValidBulkSend, validate

# A server that crashed is back within this, or the caller is told that nothing is known.
UNREACHED_SECONDS: Final = 15.0
UNREACHED_PAUSE: Final = 0.2

Result = TypeVar("Result")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a create would do: how many documents, when at the earliest, and the first signer's mail."""

    total_count: int
    next_bulk_send_at: datetime | None
    preview: Preview


@dataclass(frozen=True, slots=True)
class Created:
    """What came of a create. Without errors, `bulk_send` or `dry_run` is there."""

    bulk_send: BulkSendRow | None = None
    dry_run: DryRun | None = None
    replayed: bool = False
    errors: Sequence[UserError] = ()
    warnings: Sequence[Warning] = ()


class _Refused(Exception):
    """Nothing was stored, for this reason."""

    def __init__(self, error: UserError) -> None:
        self.error = error


@dataclass(frozen=True, slots=True)
class _Stored:
    """The bulk send that was made, or the original that was found."""

    row: BulkSendRow
    replayed: bool


async def create(context: Context, raw: Mapping[str, Any]) -> Created:
    """Create a bulk send from a caller's input, as described in the contract under "Create"."""
    try:
        valid = await validate(raw, lambda template_id: _template(context, template_id))
    except Invalid as invalid:
        return Created(errors=invalid.errors)
    try:
        if valid.details.dry_run:
            return replace(await _dry_run(context, valid), warnings=valid.warnings)
        stored = await _store(context, valid)
    except _Refused as refused:
        context.retry_after = refused.error.retry_after
        return Created(errors=[refused.error])
    return replace(await _answer(context, valid, stored), warnings=valid.warnings)


async def _template(context: Context, template_id: str) -> TemplateRow | None:
    try:
        return await context.loaders.templates.load(ids.decode(ids.TEMPLATE, template_id))
    except ids.InvalidId:
        return None


async def _dry_run(context: Context, valid: ValidBulkSend) -> Created:
    if valid.template is None:
        raise _Refused(_no_template())
    next_at = await rate_limit.next_bulk_send_at(context)
    shown = preview.preview(context, valid, valid.template)
    return Created(dry_run=DryRun(len(valid.signers), next_at, shown))


async def _store(context: Context, valid: ValidBulkSend) -> _Stored:
    new = _new_bulk_send(valid, valid.template.id) if valid.template else None
    stored = await _create(context, valid, new) if new else None
    return stored or await _original(context, valid)


async def _create(context: Context, valid: ValidBulkSend, new: NewBulkSend) -> _Stored | None:
    """Store a bulk send; None when it is too early, or its key was used before."""
    began = time.monotonic()
    was_asked = False

    async def create(conn: Connection) -> BulkSendRow | None:
        nonlocal was_asked
        was_asked = True
        interval = context.gateway.bulk_send_interval
        return await bulk_sends.create(conn, organization_id=context.caller.organization_id, interval=interval, new=new)

    try:
        row = await write_at_once(context.gateway.pool, create)
    except TRANSIENT:
        raise
    except UNREACHABLE:
        if not was_asked:
            raise
        log.warning("outcome of a create unknown, asking again", request_id=context.request_id)
        return await _create_again(context, valid, new, began)
    return _Stored(row, replayed=False) if row else None


async def _create_again(context: Context, valid: ValidBulkSend, new: NewBulkSend, began: float) -> _Stored | None:
    """Store what may be stored already, or may still come to be: of one key there is only ever one.

    `began`: when it was asked first, on `time.monotonic()`.
    """
    organization_id, interval = context.caller.organization_id, context.gateway.bulk_send_interval

    async def create(conn: Connection) -> _Stored | None:
        row = await bulk_sends.create(conn, organization_id=organization_id, interval=interval, new=new)
        if row:
            return _Stored(row, replayed=False)
        holder = await bulk_sends.find_by_idempotency_key(
            conn, organization_id=organization_id, idempotency_key=new.idempotency_key
        )
        if holder is None:
            return None
        is_older = holder.age > timedelta(seconds=time.monotonic() - began)
        return _Stored(await _row_of(conn, organization_id, valid, holder), replayed=is_older)

    return await _until_reached(lambda: write_at_once(context.gateway.pool, create))


async def _until_reached(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do this as soon as the database can be reached. Raises what stands in its way for too long."""
    deadline = time.monotonic() + UNREACHED_SECONDS
    while True:
        try:
            return await work()
        except (*UNREACHABLE, *TRANSIENT):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(UNREACHED_PAUSE)


async def _original(context: Context, valid: ValidBulkSend) -> _Stored:
    """Give the bulk send that the caller's key was used for. Raises why there is none, and none was made."""
    organization_id, interval = context.caller.organization_id, context.gateway.bulk_send_interval
    key = valid.details.idempotency_key
    async with context.gateway.pool.acquire() as conn:
        holder = key and await bulk_sends.find_by_idempotency_key(
            conn, organization_id=organization_id, idempotency_key=key
        )
        if holder:
            return _Stored(await _row_of(conn, organization_id, valid, holder), replayed=True)
        allowed = await bulk_sends.next_allowed(conn, organization_id=organization_id, interval=interval)
    if valid.template is None and allowed is None:
        raise _Refused(_no_template())
    raise _Refused(_too_early(interval, allowed.wait if allowed else timedelta()))


async def _row_of(conn: Connection, organization_id: UUID, valid: ValidBulkSend, holder: KeyHolderRow) -> BulkSendRow:
    """Give the bulk send that a key was used for, if it is what is asked for and still there."""
    if holder.fingerprint != valid.fingerprint:
        message = "idempotencyKey was used before with another input"
        raise _Refused(UserError(UserErrorCode.IDEMPOTENCY_KEY_REUSED, ("idempotencyKey",), message))
    rows = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[holder.id])
    if not rows:
        message = "the bulk send of this idempotencyKey was deleted; nothing was sent"
        raise _Refused(UserError(UserErrorCode.NOT_FOUND, ("idempotencyKey",), message))
    return rows[0]


def _too_early(interval: timedelta, wait: timedelta) -> UserError:
    seconds = max(1, math.ceil(wait.total_seconds()))
    minutes = interval.total_seconds() / 60
    message = f"one bulk send per {minutes:g} minutes and organization; try again in {seconds} s"
    return UserError(UserErrorCode.RATE_LIMITED, None, message, retry_after=seconds)


async def _answer(context: Context, valid: ValidBulkSend, stored: _Stored) -> Created:
    gateway = context.gateway
    if not stored.replayed:
        gateway.notices.work_is_due()
    if not valid.details.wait_for_delivery:
        return Created(bulk_send=stored.row, replayed=stored.replayed)
    try:
        row = await wait_until_finished(
            gateway,
            organization_id=context.caller.organization_id,
            bulk_send_id=stored.row.id,
            seconds=gateway.sync_wait.total_seconds(),
        )
    except UNREACHABLE:
        # It is committed. What was true then is a better answer than that something went wrong.
        row = stored.row
    if row is None:
        return Created(errors=[UserError(UserErrorCode.NOT_FOUND, None, "the bulk send was deleted meanwhile")])
    return Created(bulk_send=row, replayed=stored.replayed)


def _new_bulk_send(valid: ValidBulkSend, template_id: UUID) -> NewBulkSend:
    details = valid.details
    return NewBulkSend(
        template_id=template_id,
        name=details.name,
        email_message=details.email_message,
        external_id=details.external_id,
        # By a key everything can be found again, also when the answer to a create is lost.
        idempotency_key=details.idempotency_key or secrets.token_urlsafe(),
        fingerprint=valid.fingerprint,
        signers=bulk_sends.signers_text(valid.signers),
    )


def _no_template() -> UserError:
    return UserError(UserErrorCode.NOT_FOUND, ("templateId",), "templateId is not a template of this organization")
