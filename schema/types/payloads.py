"""What mutations give."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from bulksend.resolvers import create_bulk_send, user_errors
from bulksend.resolvers.create_bulk_send import CreateResult
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.enums import UserErrorCode, WarningCode


@strawberry.type(description="Why a mutation did nothing.")
class UserError:
    """Why a mutation did nothing."""

    code: UserErrorCode = strawberry.field(description="Stable; for programs.")
    field: list[str] | None = strawberry.field(
        description='The path within the input, such as `["signers", "3", "email"]`; null when it is about no field.'
    )
    message: str = strawberry.field(description="The field and the rule; for people.")
    retry_after: int | None = strawberry.field(description="Seconds after which to try again.")

    @classmethod
    def of(cls, error: user_errors.MutationError) -> Self:
        """Dress an error."""
        return cls(code=error.code, field=_path(error.field), message=error.message, retry_after=error.retry_after)


@strawberry.type(description="What to look at, though it was done.")
class Warning:
    """What to look at, though it was done."""

    code: WarningCode = strawberry.field(description="Stable; for programs.")
    field: list[str] | None = strawberry.field(description="The path within the input; null when it is about no field.")
    message: str = strawberry.field(description="For people.")

    @classmethod
    def of(cls, warning: user_errors.MutationWarning) -> Self:
        """Dress a warning."""
        return cls(code=warning.code, field=_path(warning.field), message=warning.message)


@strawberry.type(description="What a create would do.")
class DryRun:
    """What a create would do."""

    total_count: int = strawberry.field(description="How many documents, and mails, there would be.")
    next_bulk_send_at: datetime | None = strawberry.field(description="When it would be accepted; null is now.")
    preview_subject: str = strawberry.field(description="The subject of the first signer's mail.")
    preview_text: str = strawberry.field(description="The text of the first signer's mail, with an example link.")

    @classmethod
    def of(cls, dry_run: create_bulk_send.DryRunResult) -> Self:
        """Dress a dry run."""
        return cls(
            total_count=dry_run.total_count,
            next_bulk_send_at=dry_run.next_bulk_send_at,
            preview_subject=dry_run.preview.subject,
            preview_text=dry_run.preview.text,
        )


@strawberry.type(description="What came of a create.")
class CreateBulkSendPayload:
    """What came of a create."""

    bulk_send: BulkSend | None = strawberry.field(description="The bulk send; null on a dry run and after errors.")
    dry_run: DryRun | None = strawberry.field(description="What a create would do; null unless asked for.")
    replayed: bool = strawberry.field(description="Whether this is the original of an earlier idempotency key.")
    user_errors: list[UserError] = strawberry.field(description="Everything that stood in the way; empty if nothing.")
    warnings: list[Warning] = strawberry.field(description="What to look at, though it was done.")

    @classmethod
    def of(cls, created: CreateResult) -> Self:
        """Dress the outcome."""
        return cls(
            bulk_send=BulkSend(created.bulk_send) if created.bulk_send else None,
            dry_run=DryRun.of(created.dry_run) if created.dry_run else None,
            replayed=created.replayed,
            user_errors=[UserError.of(error) for error in created.errors],
            warnings=[Warning.of(warning) for warning in created.warnings],
        )


@strawberry.type(description="What came of a delete.")
class DeleteBulkSendPayload:
    """What came of a delete."""

    deleted_bulk_send_id: strawberry.ID | None = strawberry.field(description="The bulk send that is gone.")
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty if nothing.")


@strawberry.type(description="What came of a cancel.")
class CancelBulkSendPayload:
    """What came of a cancel."""

    bulk_send: BulkSend | None = strawberry.field(description="The bulk send as it is now; null after errors.")
    cancelled_count: int = strawberry.field(description="How many pending documents will not be sent.")
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty if nothing.")


@strawberry.type(description="What came of a retry.")
class RetryBulkSendPayload:
    """What came of a retry."""

    bulk_send: BulkSend | None = strawberry.field(description="The bulk send as it is now; null after errors.")
    retried_count: int = strawberry.field(description="How many failed documents are being sent again.")
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty if nothing.")


@strawberry.type(description="The outcome of reminding signers.")
class RemindDocumentsPayload:
    """The outcome of reminding signers."""

    bulk_send: BulkSend | None = strawberry.field(description="The bulk send as it is now; null after errors.")
    reminded_count: int = strawberry.field(
        description="Number of reminders queued; documents reminded within a day are left out."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was queued; empty on success.")


@strawberry.type(description="The outcome of taking documents back.")
class VoidDocumentsPayload:
    """The outcome of taking documents back."""

    bulk_send: BulkSend | None = strawberry.field(description="The bulk send as it is now; null after errors.")
    voided_count: int = strawberry.field(
        description="Number of documents taken back; those taken back before are left out."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was taken back; empty on success.")


@strawberry.type(description="The outcome of correcting documents.")
class AmendDocumentsPayload:
    """The outcome of correcting documents."""

    bulk_send: BulkSend | None = strawberry.field(description="The bulk send as it is now; null after errors.")
    amended_count: int = strawberry.field(
        description="Number of documents corrected and sent again; those that already were so are left out."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was corrected; empty on success.")


def not_found(field: Sequence[str], message: str) -> UserError:
    """Say that there is no such thing, or that it is somebody else's."""
    return UserError(code=UserErrorCode.NOT_FOUND, field=list(field), message=message, retry_after=None)


def _path(field: user_errors.Path | None) -> list[str] | None:
    return None if field is None else list(field)
