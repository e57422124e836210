"""Create a bulk send: validate the whole input, then store it in one statement.

The statement claims the organization's rate and stores the bulk send with its documents, or does neither. If it stored
nothing, the idempotency key is looked up afterwards, in a new snapshot that shows what a concurrent create committed.
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
from bulksend.db.pool import Connection, reading, write_at_once
from bulksend.db.templates import TemplateRow
from bulksend.delivery.translations import DEFAULT_LOCALE
from bulksend.resolvers import preview
from bulksend.resolvers.bulk_sends import next_bulk_send_at, wait_until_finished
from bulksend.resolvers.context import Context
from bulksend.resolvers.model_errors import Invalid
from bulksend.resolvers.preview import MailPreview
from bulksend.resolvers.user_errors import MutationError, MutationWarning, UserErrorCode
from bulksend.resolvers.validation import ValidBulkSend, validate
from bulksend.resolvers.viewer import Viewer

# How long to wait for a crashed database before reporting that the outcome is unknown.
UNREACHED_SECONDS: Final = 15.0
UNREACHED_PAUSE: Final = 0.2

Result = TypeVar("Result")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """The outcome of a dry run: number of documents, earliest time, and the first signer's mail."""

    total_count: int
    next_bulk_send_at: datetime | None
    preview: MailPreview


@dataclass(frozen=True, slots=True)
class CreateResult:
    """The outcome of a create. Without errors, either `bulk_send` or `dry_run` is set."""

    bulk_send: BulkSendRow | None = None
    dry_run: DryRunResult | None = None
    replayed: bool = False
    errors: Sequence[MutationError] = ()
    warnings: Sequence[MutationWarning] = ()


class _CreateRefused(Exception):
    """Nothing was stored; `error` is the reason."""

    def __init__(self, error: MutationError) -> None:
        self.error = error


@dataclass(frozen=True, slots=True)
class _StoredBulkSend:
    """The bulk send that was created, or the original of an idempotency key."""

    row: BulkSendRow
    replayed: bool


async def create(context: Context, raw: Mapping[str, Any]) -> CreateResult:
    """Create a bulk send from the unvalidated input of a caller, and wait for its delivery if requested."""
    try:
        valid = await validate(raw, lambda template_id: _template(context, template_id))
    except Invalid as invalid:
        return CreateResult(errors=invalid.errors, warnings=invalid.warnings)
    try:
        if valid.details.dry_run:
            return replace(await _dry_run(context, valid), warnings=valid.warnings)
        stored = await _store(context, valid)
    except _CreateRefused as refused:
        context.retry_after = refused.error.retry_after
        return CreateResult(errors=[refused.error])
    return replace(await _answer(context, valid, stored), warnings=valid.warnings)


async def _template(context: Context, template_id: str) -> TemplateRow | None:
    try:
        return await context.loaders.templates.load(ids.decode(ids.TEMPLATE, template_id))
    except ids.InvalidId:
        return None


async def _dry_run(context: Context, valid: ValidBulkSend) -> CreateResult:
    if valid.template is None or valid.template.archived_at:
        raise _CreateRefused(_no_template())
    next_at = await next_bulk_send_at(context)
    shown = preview.preview_mail(context, valid, valid.template)
    return CreateResult(dry_run=DryRunResult(len(valid.signers), next_at, shown))


async def _store(context: Context, valid: ValidBulkSend) -> _StoredBulkSend:
    may_be_sent = valid.template and not valid.template.archived_at
    new = _new_bulk_send(valid, valid.template.id, context.caller) if valid.template and may_be_sent else None
    stored = await _create(context, valid, new) if new else None
    return stored or await _original(context, valid)


async def _create(context: Context, valid: ValidBulkSend, new: NewBulkSend) -> _StoredBulkSend | None:
    """Store a bulk send; return None if it is too early or its idempotency key was used before."""
    began = time.monotonic()
    was_attempted = False

    async def create(conn: Connection) -> BulkSendRow | None:
        nonlocal was_attempted
        was_attempted = True
        interval = context.gateway.bulk_send_interval
        return await bulk_sends.create(conn, organization_id=context.caller.organization_id, interval=interval, new=new)

    try:
        row = await write_at_once(context.gateway.pool, create)
    except TRANSIENT:
        raise
    except UNREACHABLE:
        if not was_attempted:
            raise
        log.warning("outcome of a create unknown, trying again", request_id=context.request_id)
        return await _create_again(context, valid, new, began)
    return _StoredBulkSend(row, replayed=False) if row else None


async def _create_again(
    context: Context, valid: ValidBulkSend, new: NewBulkSend, began: float
) -> _StoredBulkSend | None:
    """Store a bulk send unless an earlier attempt, whose outcome is unknown, stored it: a key is only used once.

    `began`: when it was first attempted, on `time.monotonic()`.
    """
    organization_id, interval = context.caller.organization_id, context.gateway.bulk_send_interval

    async def create(conn: Connection) -> _StoredBulkSend | None:
        row = await bulk_sends.create(conn, organization_id=organization_id, interval=interval, new=new)
        if row:
            return _StoredBulkSend(row, replayed=False)
        holder = await bulk_sends.find_by_idempotency_key(
            conn, organization_id=organization_id, idempotency_key=new.idempotency_key
        )
        if holder is None:
            return None
        # The age is that of a time in whole milliseconds, rounded down.
        is_older = holder.age > timedelta(seconds=time.monotonic() - began, milliseconds=1)
        return _StoredBulkSend(await _original_row(conn, organization_id, valid, holder), replayed=is_older)

    return await _until_reached(lambda: write_at_once(context.gateway.pool, create))


async def _until_reached(work: Callable[[], Awaitable[Result]]) -> Result:
    """Retry `work` until the database is reachable. Raise the last error after UNREACHED_SECONDS."""
    deadline = time.monotonic() + UNREACHED_SECONDS
    while True:
        try:
            return await work()
        except (*UNREACHABLE, *TRANSIENT):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(UNREACHED_PAUSE)


async def _original(context: Context, valid: ValidBulkSend) -> _StoredBulkSend:
    """Return the bulk send that the caller's key was used for. Raise `_CreateRefused` if there is none."""
    organization_id, interval = context.caller.organization_id, context.gateway.bulk_send_interval
    key = valid.details.idempotency_key
    async with reading(context.gateway.pool) as conn:
        holder = key and await bulk_sends.find_by_idempotency_key(
            conn, organization_id=organization_id, idempotency_key=key
        )
        if holder:
            return _StoredBulkSend(await _original_row(conn, organization_id, valid, holder), replayed=True)
        allowed = await bulk_sends.next_allowed(conn, organization_id=organization_id, interval=interval)
    if (valid.template is None or valid.template.archived_at) and allowed is None:
        raise _CreateRefused(_no_template())
    raise _CreateRefused(_too_early(interval, allowed.wait if allowed else timedelta()))


async def _original_row(
    conn: Connection, organization_id: UUID, valid: ValidBulkSend, holder: KeyHolderRow
) -> BulkSendRow:
    """Return the bulk send that a key was used for. Raise `_CreateRefused` if its input differs or it was deleted."""
    if holder.fingerprint != valid.fingerprint:
        message = "idempotencyKey was used before with another input"
        raise _CreateRefused(MutationError(UserErrorCode.IDEMPOTENCY_KEY_REUSED, ("idempotencyKey",), message))
    rows = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[holder.id])
    if not rows:
        message = "the bulk send of this idempotencyKey was deleted; nothing was sent"
        raise _CreateRefused(MutationError(UserErrorCode.NOT_FOUND, ("idempotencyKey",), message))
    return rows[0]


def _too_early(interval: timedelta, wait: timedelta) -> MutationError:
    seconds = max(1, math.ceil(wait.total_seconds()))
    minutes = interval.total_seconds() / 60
    message = f"one bulk send per {minutes:g} minutes and organization; try again in {seconds} s"
    return MutationError(UserErrorCode.RATE_LIMITED, None, message, retry_after=seconds)


async def _answer(context: Context, valid: ValidBulkSend, stored: _StoredBulkSend) -> CreateResult:
    gateway = context.gateway
    if not stored.replayed:
        gateway.notices.changed(stored.row.organization_id, stored.row.id)
        gateway.notices.work_is_due()
    if not valid.details.wait_for_delivery:
        return CreateResult(bulk_send=stored.row, replayed=stored.replayed)
    try:
        row = await wait_until_finished(
            gateway,
            organization_id=context.caller.organization_id,
            bulk_send_id=stored.row.id,
            seconds=gateway.sync_wait.total_seconds(),
        )
    except UNREACHABLE:
        # The create is committed: its state at the commit is a better answer than an error.
        row = stored.row
    if row is None:
        return CreateResult(
            errors=[MutationError(UserErrorCode.NOT_FOUND, None, "the bulk send was deleted meanwhile")]
        )
    return CreateResult(bulk_send=row, replayed=stored.replayed)


def _new_bulk_send(valid: ValidBulkSend, template_id: UUID, creator: Viewer) -> NewBulkSend:
    details, reminders = valid.details, valid.details.reminders
    return NewBulkSend(
        template_id=template_id,
        name=details.name,
        email_message=details.email_message,
        external_id=details.external_id,
        # With a key the bulk send can be found again even if the response to the create is lost.
        idempotency_key=details.idempotency_key or secrets.token_urlsafe(),
        fingerprint=valid.fingerprint,
        signers=bulk_sends.signers_text(valid.signers),
        locale=details.locale or DEFAULT_LOCALE,
        expires_in_days=details.expires_in_days,
        remind_after_days=reminders.after_days if reminders else None,
        remind_every_days=reminders.every_days if reminders else None,
        remind_at_most=reminders.at_most if reminders else None,
        created_by=creator.api_key_name,
    )


def _no_template() -> MutationError:
    message = "templateId must be a template of this organization that is not archived"
    return MutationError(UserErrorCode.NOT_FOUND, ("templateId",), message)
