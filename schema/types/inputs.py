"""What mutations take."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry import UNSET
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition

from bulksend.schema.types.enums import InvalidSigners


@strawberry.input(description="The value of a merge field.")
class MergeValueInput:
    field: str = strawberry.field(description="Name used as `values.…` in the template's body.")
    value: str = strawberry.field(description="Value in this signer's document: 1–1000 characters.")


@strawberry.input(description="A signer.")
class SignerInput:
    name: str = strawberry.field(description="1–200 characters.")
    email: str = strawberry.field(description="Email address: at most 254 characters.")
    phone: str | None = strawberry.field(default=UNSET, description="At most 20 characters.")
    message: str | None = strawberry.field(
        default=UNSET, description="Message to this signer only: at most 1000 characters, line breaks allowed."
    )
    external_id: str | None = strawberry.field(
        default=UNSET, description="Identifier in your own system: at most 255 characters."
    )
    locale: str | None = strawberry.field(
        default=UNSET,
        description="Language of the signer's mails and page, such as `de`; the bulk send's when left out.",
    )
    values: list[MergeValueInput] | None = strawberry.field(
        default=UNSET, description="Values of the template's `mergeFields`."
    )


@strawberry.input(description="When to remind those who have neither signed nor declined.")
class RemindersInput:
    after_days: int = strawberry.field(description="Days until the first reminder: 1–365.")
    every_days: int = strawberry.field(default=7, description="Days between the others: 1–365.")
    at_most: int = strawberry.field(default=3, description="How many reminders there are at most: 1–10.")


@strawberry.input(description="Input of `createBulkSend`: one template and 1–500 signers.")
class CreateBulkSendInput:
    template_id: strawberry.ID = strawberry.field(description="ID of the template to send.")
    name: str = strawberry.field(description="Name of the bulk send; signers see it in their mails: 1–200 characters.")
    email_message: str | None = strawberry.field(
        default=UNSET, description="Message included in every mail: at most 1000 characters, line breaks allowed."
    )
    external_id: str | None = strawberry.field(
        default=UNSET, description="Identifier in your own system: at most 255 characters."
    )
    locale: str | None = strawberry.field(
        default=UNSET, description="Language of mails and pages, such as `de`; English when left out."
    )
    expires_in_days: int | None = strawberry.field(
        default=UNSET, description="Days that the signers have to sign: 1–365; no limit when left out."
    )
    reminders: RemindersInput | None = strawberry.field(
        default=UNSET, description="When to remind those who have neither signed nor declined; never when left out."
    )
    signers: list[SignerInput] = strawberry.field(
        description="The signers: 1–500. Each receives a document of their own."
    )
    idempotency_key: str | None = strawberry.field(
        default=UNSET,
        description=(
            "Key created before the first attempt and sent with every retry: 1–255 "
            "characters. Calls with the same key and "
            "input return the original bulk send, and nothing is sent twice."
        ),
    )
    wait_for_delivery: bool | None = strawberry.field(
        default=True,
        description="Whether to wait until delivery has ended, within a time limit. Null is the default.",
    )
    dry_run: bool | None = strawberry.field(
        default=False,
        description="Whether to validate the input and preview the mail without sending anything. Null is the default.",
    )
    on_invalid_signers: InvalidSigners | None = strawberry.field(
        default=InvalidSigners.REJECT_ALL,
        description="Whether invalid signers refuse the whole create or are left out.",
    )
    given: strawberry.Private[Mapping[str, Any]]


def _as_given(kind: type[CreateBulkSendInput], value: Mapping[str, Any], _context: object) -> CreateBulkSendInput:
    # 500 signers as Strawberry's objects would be made only to be taken apart again: 12 of a create's 15 ms.
    made = object.__new__(kind)
    made.given = value
    return made


_definition: StrawberryObjectDefinition = get_object_definition(CreateBulkSendInput, strict=True)
_definition.from_input = _as_given


@strawberry.input(description="Input of `deleteBulkSend`.")
class DeleteBulkSendInput:
    id: strawberry.ID = strawberry.field(description="ID of the bulk send.")


@strawberry.input(description="Input of `cancelBulkSend`.")
class CancelBulkSendInput:
    id: strawberry.ID = strawberry.field(description="ID of the bulk send.")


@strawberry.input(description="Input of `retryBulkSend`.")
class RetryBulkSendInput:
    id: strawberry.ID = strawberry.field(description="ID of the bulk send.")
    document_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="IDs of failed documents to retry: 1–500. Default: all failed documents."
    )


@strawberry.input(description="Input of `remindDocuments`.")
class RemindDocumentsInput:
    bulk_send_id: strawberry.ID = strawberry.field(description="ID of the bulk send.")
    document_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET,
        description="1–500 of its documents, sent and pending; every document that can be reminded when left out.",
    )


@strawberry.input(description="Input of `voidDocuments`.")
class VoidDocumentsInput:
    bulk_send_id: strawberry.ID = strawberry.field(description="ID of the bulk send.")
    document_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="1–500 of its pending documents; all of them when left out."
    )
    reason: str = strawberry.field(description="Shown to whoever opens a link afterwards: 1–1000 characters.")
    notify: bool = strawberry.field(
        default=False, description="Whether everyone who was sent a document gets a mail that says so."
    )


@strawberry.input(description="Corrections of one document; what is left out stays as it is.")
class AmendedDocumentInput:
    document_id: strawberry.ID = strawberry.field(description="A pending document.")
    name: str | None = strawberry.field(default=UNSET, description="1–200 characters.")
    email: str | None = strawberry.field(default=UNSET, description="Email address: at most 254 characters.")
    phone: str | None = strawberry.field(default=UNSET, description="At most 20 characters; null removes it.")
    message: str | None = strawberry.field(default=UNSET, description="At most 1000 characters; null removes it.")
    values: list[MergeValueInput] | None = strawberry.field(
        default=UNSET, description="New values of some of the template's `mergeFields`."
    )


@strawberry.input(description="Input of `amendDocuments`.")
class AmendDocumentsInput:
    bulk_send_id: strawberry.ID = strawberry.field(description="ID of the bulk send.")
    documents: list[AmendedDocumentInput] = strawberry.field(description="1–500 of its documents.")
