"""The objects of the REST API, with their fields in the documented order."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from bulksend.db import ids
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.resolvers.create_bulk_send import CreateResult
from bulksend.schema.types.scalars import write_datetime

Timestamp = Annotated[
    datetime,
    PlainSerializer(write_datetime),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-05-28T10:00:00.000Z"]}),
]
Status = Literal["processing", "completed", "failed"]
BulkSendId = Annotated[str, Field(description="The id of a bulk send.", examples=["bs_01k9gk5v3hf2t8vq4m0r6w7x9z"])]
TemplateId = Annotated[str, Field(description="The id of its template.", examples=["tpl_01k9gk5v3hf2t8vq4m0r6w7x9z"])]
Total = Annotated[int, Field(description="How many documents it has.")]
Sent = Annotated[int, Field(description="How many mails the mail server accepted.")]
Failed = Annotated[int, Field(description="How many were given up; what is neither sent nor failed is pending.")]

_LONGEST_STEP: Final = 100
_LONGEST_MESSAGE: Final = 300


class Representation(BaseModel):
    """An object of the REST API, with names in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid")


class _OfRow(Representation):
    @classmethod
    def of(cls, row: BulkSendRow) -> Self:
        """Return the representation of a row."""
        shown: dict[str, Any] = {
            "id": ids.encode(ids.BULK_SEND, row.id),
            "template_id": ids.encode(ids.TEMPLATE, row.template_id),
        }
        return cls(**{name: shown.get(name, getattr(row, name)) for name in cls.model_fields})


class CreatedBulkSend(_OfRow):
    """A bulk send in the response to its creation."""

    id: BulkSendId
    name: str
    status: Status
    total_count: Total
    sent_count: Sent
    failed_count: Failed
    template_id: TemplateId
    created_at: Timestamp


class ListedBulkSend(_OfRow):
    """A bulk send in a list."""

    id: BulkSendId
    name: str
    status: Status
    total_count: Total
    sent_count: Sent
    failed_count: Failed
    template_id: TemplateId
    created_at: Timestamp
    updated_at: Timestamp


class BulkSendDetails(_OfRow):
    """A single bulk send."""

    id: BulkSendId
    name: str
    status: Status
    total_count: Total
    sent_count: Sent
    failed_count: Failed
    email_message: str | None
    template_id: TemplateId
    created_at: Timestamp
    updated_at: Timestamp


class FieldNote(Representation):
    """An error or warning about a field. `field`: its path, such as `signers[3].email`; empty for the whole body."""

    field: Annotated[str, Field(description="Its path, such as `signers[3].email`.")]
    message: Annotated[str, Field(description="The field and the rule; for people.")]
    code: Annotated[str, Field(description="Stable; for programs.")]

    @classmethod
    def at(cls, path: tuple[str, ...] | None, message: str, code: str) -> Self:
        """Return a note with its field's path joined."""
        return cls(field=_written(path or ()), message=_clipped(message, _LONGEST_MESSAGE), code=code)


class DryRun(Representation):
    """The result of a dry run."""

    total_count: Annotated[int, Field(description="How many documents, and mails, there would be.")]
    next_bulk_send_at: Annotated[Timestamp | None, Field(description="When it would be accepted; null is now.")]
    preview_subject: Annotated[str, Field(description="The subject of the first signer's mail.")]
    preview_text: Annotated[str, Field(description="The text of the first signer's mail, with an example link.")]
    warnings: Annotated[list[FieldNote], Field(description="What to look at.")]

    @classmethod
    def of(cls, created: CreateResult) -> Self:
        """Return the representation of a dry run."""
        if created.dry_run is None:
            raise ValueError("not a dry run")
        return cls(
            total_count=created.dry_run.total_count,
            next_bulk_send_at=created.dry_run.next_bulk_send_at,
            preview_subject=created.dry_run.preview.subject,
            preview_text=created.dry_run.preview.text,
            warnings=[FieldNote.at(note.field, note.message, note.code) for note in created.warnings],
        )


class OneCreatedBulkSend(Representation):
    """The response to a create."""

    data: CreatedBulkSend


class OneBulkSend(Representation):
    """The response with a single bulk send."""

    data: BulkSendDetails


class OneDryRun(Representation):
    """The response to a dry run."""

    data: DryRun


class ChangedDocuments(Representation):
    """The result of a change to documents."""

    id: BulkSendId
    count: Annotated[int, Field(description="Number of documents that were changed; 0 if all were so before.")]


class OneChangedDocuments(Representation):
    """The response to a change to documents."""

    data: ChangedDocuments


class Meta(Representation):
    """The position of a page in its list."""

    count: Annotated[int, Field(description="How many are on this page.")]
    has_more: Annotated[bool, Field(description="Whether there is a next page.")]
    next_cursor: Annotated[str | None, Field(description="The `cursor` of the next page; null on the last.")]


class BulkSendPage(Representation):
    """A page of bulk sends, newest first."""

    data: list[ListedBulkSend]
    meta: Meta


class ProblemDetails(Representation):
    """Problem details (RFC 9457)."""

    type: Annotated[str, Field(description="Which problem it is: the address of a page about it.")]
    title: Annotated[str, Field(description="The same for every problem of this type.")]
    status: Annotated[int, Field(description="The HTTP status.")]
    detail: Annotated[str, Field(description="What is wrong this time; for people.")]
    errors: Annotated[list[FieldNote] | None, Field(description="Everything that is wrong; with status 422.")] = None
    warnings: Annotated[list[FieldNote] | None, Field(description="What else to look at; with status 422.")] = None
    required_scope: Annotated[str | None, Field(description="The scope that lacks; with status 403.")] = None
    request_id: Annotated[str | None, Field(description="What to report; with status 500.")] = None


def _written(path: tuple[str, ...]) -> str:
    steps = (f"[{step}]" if step.isdecimal() else f".{_clipped(step, _LONGEST_STEP)}" for step in path)
    return "".join(steps).removeprefix(".")


def _clipped(text: str, length: int) -> str:
    # Names of unknown fields come from the caller and may be very long or invalid Unicode.
    return text[:length].encode("utf-8", "backslashreplace").decode("utf-8")
