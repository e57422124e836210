"""What mutations take."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry import UNSET
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition

from bulksend.schema.types.enums import InvalidSigners


@strawberry.input(description="The value of one merge field.")
class MergeValueInput:
    """The value of one merge field."""

    field: str = strawberry.field(description="The name after `values.` in the template's body.")
    value: str = strawberry.field(description="What stands there in this signer's document: 1–1000 characters.")


@strawberry.input(description="One recipient.")
class SignerInput:
    """One recipient."""

    name: str = strawberry.field(description="1–200 characters.")
    email: str = strawberry.field(description="Well formed, at most 254 characters.")
    phone: str | None = strawberry.field(default=UNSET, description="At most 20 characters.")
    message: str | None = strawberry.field(
        default=UNSET, description="Words to this signer alone: at most 1000 characters, line breaks allowed."
    )
    external_id: str | None = strawberry.field(default=UNSET, description="Your own id: at most 255 characters.")
    locale: str | None = strawberry.field(
        default=UNSET,
        description="Language of the signer's mails and page, such as `de`; the bulk send's when left out.",
    )
    values: list[MergeValueInput] | None = strawberry.field(
        default=UNSET, description="A value for each of the template's `mergeFields`."
    )


@strawberry.input(description="When to remind those who have neither signed nor declined.")
class RemindersInput:
    """When to remind signers automatically."""

    after_days: int = strawberry.field(description="Days until the first reminder: 1–365.")
    every_days: int = strawberry.field(default=7, description="Days between the others: 1–365.")
    at_most: int = strawberry.field(default=3, description="How many reminders there are at most: 1–10.")


@strawberry.input(description="One template for 1–500 signers.")
class CreateBulkSendInput:
    """One template for 1–500 signers."""

    template_id: strawberry.ID = strawberry.field(description="What to send.")
    name: str = strawberry.field(description="1–200 characters.")
    email_message: str | None = strawberry.field(
        default=UNSET, description="Words in every mail: at most 1000 characters, line breaks allowed."
    )
    external_id: str | None = strawberry.field(default=UNSET, description="Your own id: at most 255 characters.")
    locale: str | None = strawberry.field(
        default=UNSET, description="Language of mails and pages, such as `de`; English when left out."
    )
    expires_in_days: int | None = strawberry.field(
        default=UNSET, description="Days that the signers have to sign: 1–365; no limit when left out."
    )
    reminders: RemindersInput | None = strawberry.field(
        default=UNSET, description="When to remind those who have neither signed nor declined; never when left out."
    )
    signers: list[SignerInput] = strawberry.field(description="1–500 recipients; each gets a document of their own.")
    idempotency_key: str | None = strawberry.field(
        default=UNSET,
        description=(
            "1–255 characters, made before the first try and sent with every retry: the same key with the same "
            "input gives the original and sends nothing twice."
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


@strawberry.input(description="Which bulk send to delete.")
class DeleteBulkSendInput:
    """Which bulk send to delete."""

    id: strawberry.ID = strawberry.field(description="The bulk send.")


@strawberry.input(description="Which bulk send to cancel.")
class CancelBulkSendInput:
    """Which bulk send to cancel."""

    id: strawberry.ID = strawberry.field(description="The bulk send.")


@strawberry.input(description="What to send again.")
class RetryBulkSendInput:
    """What to send again."""

    id: strawberry.ID = strawberry.field(description="The bulk send.")
    document_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="1–500 of its failed documents; all of them when left out."
    )


@strawberry.input(description="Whom to remind.")
class RemindDocumentsInput:
    """Whom to remind."""

    bulk_send_id: strawberry.ID = strawberry.field(description="The bulk send.")
    document_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET,
        description="1–500 of its documents, sent and pending; every document that can be reminded when left out.",
    )


@strawberry.input(description="Which documents to take back.")
class VoidDocumentsInput:
    """Which documents to take back."""

    bulk_send_id: strawberry.ID = strawberry.field(description="The bulk send.")
    document_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="1–500 of its pending documents; all of them when left out."
    )
    reason: str = strawberry.field(description="Shown to whoever opens a link afterwards: 1–1000 characters.")
    notify: bool = strawberry.field(
        default=False, description="Whether everyone who was sent a document gets a mail that says so."
    )


@strawberry.input(description="Corrections of one document; what is left out stays as it is.")
class AmendedDocumentInput:
    """Corrections of one document."""

    document_id: strawberry.ID = strawberry.field(description="A pending document.")
    name: str | None = strawberry.field(default=UNSET, description="1–200 characters.")
    email: str | None = strawberry.field(default=UNSET, description="Well formed, at most 254 characters.")
    phone: str | None = strawberry.field(default=UNSET, description="At most 20 characters; null removes it.")
    message: str | None = strawberry.field(default=UNSET, description="At most 1000 characters; null removes it.")
    values: list[MergeValueInput] | None = strawberry.field(
        default=UNSET, description="New values of some of the template's `mergeFields`."
    )


@strawberry.input(description="What to correct.")
class AmendDocumentsInput:
    """What to correct."""

    bulk_send_id: strawberry.ID = strawberry.field(description="The bulk send.")
    documents: list[AmendedDocumentInput] = strawberry.field(description="1–500 of its documents.")
