"""What mutations give."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.resolvers import create_bulk_send, user_errors
from bulksend.resolvers.create_bulk_send import CreateResult
from bulksend.resolvers.viewer import Scope
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.enums import UserErrorCode, WarningCode
from bulksend.schema.types.info import Info


@strawberry.type(description="An expected failure of a mutation.")
class UserError:
    code: UserErrorCode = strawberry.field(description="Stable code for programs.")
    field: list[str] | None = strawberry.field(
        description='Path within the input, such as `["signers", "3", "email"]`; null if no field is concerned.'
    )
    message: str = strawberry.field(description="Explanation for people: the field and the rule.")
    retry_after: int | None = strawberry.field(description="Seconds to wait before trying again.")

    @classmethod
    def of(cls, error: user_errors.MutationError) -> Self:
        """Return the GraphQL type of an error."""
        return cls(code=error.code, field=_path(error.field), message=error.message, retry_after=error.retry_after)


@strawberry.type(description="Findings that did not prevent the mutation.")
class Warning:
    code: WarningCode = strawberry.field(description="Stable code for programs.")
    field: list[str] | None = strawberry.field(description="Path within the input; null if no field is concerned.")
    message: str = strawberry.field(description="Explanation for people.")

    @classmethod
    def of(cls, warning: user_errors.MutationWarning) -> Self:
        """Return the GraphQL type of a warning."""
        return cls(code=warning.code, field=_path(warning.field), message=warning.message)


@strawberry.type(description="The result of a dry run: what `createBulkSend` would do.")
class DryRun:
    total_count: int = strawberry.field(description="Number of documents that would be created.")
    next_bulk_send_at: datetime | None = strawberry.field(
        description="Earliest time at which the call would be accepted; null if it would be accepted now."
    )
    preview_subject: str = strawberry.field(description="Subject of the mail to the first signer.")
    preview_text: str = strawberry.field(
        description="Text of the mail to the first signer, with an example signing link."
    )

    @classmethod
    def of(cls, dry_run: create_bulk_send.DryRunResult) -> Self:
        """Return the GraphQL type of a dry run."""
        return cls(
            total_count=dry_run.total_count,
            next_bulk_send_at=dry_run.next_bulk_send_at,
            preview_subject=dry_run.preview.subject,
            preview_text=dry_run.preview.text,
        )


@strawberry.type
class BulkSendPayload:
    """The field that payloads of mutations of a bulk send have in common."""

    row: strawberry.Private[BulkSendRow | None]

    @strawberry.field(
        description="The bulk send in its current state; null for a dry run and if there are errors. "
        "Requires the `bulk_sends.read` scope."
    )
    def bulk_send(self, info: Info) -> BulkSend | None:
        """Return the bulk send to a viewer that may read it. The mutation is committed either way."""
        if self.row is None or not info.context.may(f"{type(self).__name__}.bulkSend", Scope.BULK_SENDS_READ):
            return None
        return BulkSend(self.row)


@strawberry.type(description="The outcome of `createBulkSend`.")
class CreateBulkSendPayload(BulkSendPayload):
    dry_run: DryRun | None = strawberry.field(description="The result of a dry run; null unless `dryRun` is true.")
    replayed: bool = strawberry.field(
        description="Whether an earlier call with the same idempotency key created this bulk send."
    )
    user_errors: list[UserError] = strawberry.field(description="All errors found in the input; empty on success.")
    warnings: list[Warning] = strawberry.field(description="Findings that did not prevent the mutation.")

    @classmethod
    def of(cls, created: CreateResult) -> Self:
        """Return the payload of an outcome."""
        return cls(
            row=created.bulk_send,
            dry_run=DryRun.of(created.dry_run) if created.dry_run else None,
            replayed=created.replayed,
            user_errors=[UserError.of(error) for error in created.errors],
            warnings=[Warning.of(warning) for warning in created.warnings],
        )


@strawberry.type(description="The outcome of `deleteBulkSend`.")
class DeleteBulkSendPayload:
    deleted_bulk_send_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted bulk send; null if there are errors."
    )
    user_errors: list[UserError] = strawberry.field(description="Errors that prevented the mutation; empty on success.")


@strawberry.type(description="The outcome of `cancelBulkSend`.")
class CancelBulkSendPayload(BulkSendPayload):
    cancelled_count: int = strawberry.field(description="Number of pending documents that were cancelled.")
    user_errors: list[UserError] = strawberry.field(description="Errors that prevented the mutation; empty on success.")


@strawberry.type(description="The outcome of `retryBulkSend`.")
class RetryBulkSendPayload(BulkSendPayload):
    retried_count: int = strawberry.field(description="Number of documents queued for delivery again.")
    user_errors: list[UserError] = strawberry.field(description="Errors that prevented the mutation; empty on success.")


@strawberry.type(description="The outcome of `remindDocuments`.")
class RemindDocumentsPayload(BulkSendPayload):
    reminded_count: int = strawberry.field(
        description="Number of reminders queued; documents reminded within a day are left out."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was queued; empty on success.")


@strawberry.type(description="The outcome of `voidDocuments`.")
class VoidDocumentsPayload(BulkSendPayload):
    voided_count: int = strawberry.field(
        description="Number of documents taken back; those taken back before are left out."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was taken back; empty on success.")


@strawberry.type(description="The outcome of `amendDocuments`.")
class AmendDocumentsPayload(BulkSendPayload):
    amended_count: int = strawberry.field(
        description="Number of documents corrected and sent again; those that already were so are left out."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was corrected; empty on success.")


def not_found(field: Sequence[str], message: str) -> UserError:
    """Say that there is no such thing, or that it is somebody else's."""
    return UserError(code=UserErrorCode.NOT_FOUND, field=list(field), message=message, retry_after=None)


def _path(field: user_errors.Path | None) -> list[str] | None:
    return None if field is None else list(field)
