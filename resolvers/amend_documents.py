"""Amend documents: correct the signer or the values of what is not yet signed, and send it again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bulksend.db import bulk_sends, deliveries, sent_documents, templates
from bulksend.db.deliveries import MailKind
from bulksend.db.sent_documents import Correction, DocumentStateRow
from bulksend.delivery import event_log
from bulksend.delivery.event_log import Act, Detail
from bulksend.evidence.canonical_json import canonical_bytes
from bulksend.resolvers import template_fields
from bulksend.resolvers.context import Context
from bulksend.resolvers.document_selection import (
    DocumentsRefused,
    DocumentsResult,
    LockedBulkSend,
    change_documents,
    decode_documents,
    not_pending,
    read_states,
    refuse,
)
from bulksend.resolvers.inputs import MAXIMUM_SIGNERS, AmendedDocumentInput
from bulksend.resolvers.model_errors import errors_of
from bulksend.resolvers.template_values import TemplateValues
from bulksend.resolvers.user_errors import MutationError, MutationWarning, Path, UserErrorCode


@dataclass(frozen=True, slots=True)
class _Amendment:
    """A document as it is to be, and what that changes."""

    row: DocumentStateRow
    correction: Correction
    changes: Mapping[str, Detail]


async def amend(context: Context, bulk_send_id: str, raw: Sequence[Mapping[str, Any]]) -> DocumentsResult:
    """Correct pending documents, each with a new link, and send them again; their old links say "superseded".

    Documents that are already as they are to be are left out. Nothing is changed if any row has a problem; all problems
    are returned.
    """

    async def change(bulk_send: LockedBulkSend) -> int:
        given = _validated(raw)
        named = decode_documents([one.document_id for one in given], lambda index: _path(index, "documentId"))
        rows = await read_states(bulk_send, named, lambda index: _path(index, "documentId"))
        values = await _template_values(bulk_send)
        pairs = enumerate(zip(rows, given, strict=True))
        refuse([problem for index, (row, one) in pairs for problem in _problems(row, one, index, values)])
        amendments = [_amendment(row, one) for row, one in zip(rows, given, strict=True)]
        changed = [amendment for amendment in amendments if amendment.changes]
        if changed:
            await _amend(context, bulk_send, changed)
        return len(changed)

    return await change_documents(context, bulk_send_id, change)


def _validated(raw: Sequence[Mapping[str, Any]]) -> list[AmendedDocumentInput]:
    given: list[AmendedDocumentInput] = []
    errors: list[MutationError] = []
    for index, one in enumerate(raw[: MAXIMUM_SIGNERS + 1]):
        try:
            given.append(AmendedDocumentInput.model_validate(one))
        except ValidationError as error:
            errors += errors_of(error, ("documents", str(index)))
    if errors:
        raise DocumentsRefused(errors)
    return given


async def _template_values(bulk_send: LockedBulkSend) -> TemplateValues:
    """Return the fields of the bulk send's template, by which amended values are checked."""
    conn, organization_id = bulk_send.conn, bulk_send.organization_id
    (row,) = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[bulk_send.id])
    (template,) = await templates.get_many(conn, organization_id=organization_id, ids=[row.template_id])
    return TemplateValues(template_fields.load(template.fields))


def _problems(
    row: DocumentStateRow, given: AmendedDocumentInput, index: int, template_values: TemplateValues
) -> Iterator[MutationError]:
    path = _path(index, "documentId")
    if row.in_flight:
        message = "the mail of this document is being sent at this moment; try again in a few seconds"
        yield MutationError(UserErrorCode.IN_FLIGHT, path, message)
    elif problem := not_pending(row, path):
        yield problem
    values = {value.field: value.value for value in given.values}
    for found in template_values.problems_of_given(values, _path(index, "values")):
        yield found if isinstance(found, MutationError) else _unknown_field(found)


def _unknown_field(unused: MutationWarning) -> MutationError:
    field = (*unused.field, "field") if unused.field else None
    return MutationError(UserErrorCode.UNKNOWN_FIELD, field, unused.message)


def _amendment(row: DocumentStateRow, given: AmendedDocumentInput) -> _Amendment:
    before = json.loads(row.signer_values)
    values = before | {value.field: value.value for value in given.values}
    correction = Correction(
        document_id=row.id,
        signer_name=row.signer_name if given.name is None else given.name,
        signer_email=row.signer_email if given.email is None else given.email,
        signer_phone=given.phone if "phone" in given.model_fields_set else row.signer_phone,
        signer_message=given.message if "message" in given.model_fields_set else row.signer_message,
        signer_values=canonical_bytes(values).decode(),
    )
    changes: dict[str, Detail] = {
        name.removeprefix("signer_"): getattr(correction, name)
        for name in ("signer_name", "signer_email", "signer_phone", "signer_message")
        if getattr(correction, name) != getattr(row, name)
    }
    changed = [name for name in values if values[name] != before.get(name)]
    changes |= {f"value_{number}": f"{name}={values[name]}" for number, name in enumerate(changed, start=1)}
    return _Amendment(row, correction, changes)


async def _amend(context: Context, bulk_send: LockedBulkSend, amendments: Sequence[_Amendment]) -> None:
    conn, organization_id = bulk_send.conn, bulk_send.organization_id
    await sent_documents.amend(
        conn,
        organization_id=organization_id,
        bulk_send_id=bulk_send.id,
        corrections=[amendment.correction for amendment in amendments],
    )
    acts = [Act(amendment.row.id, "amended", amendment.changes) for amendment in amendments]
    await event_log.append(conn, organization_id=organization_id, acts=acts, source=context.source)
    # What was not sent yet is sent with the new link anyway; what had failed is due again.
    await deliveries.ask_turn(conn, organization_id=organization_id)
    sent = [amendment.row.id for amendment in amendments if amendment.row.delivery_status == "sent"]
    await deliveries.queue_mail(
        conn,
        organization_id=organization_id,
        bulk_send_id=bulk_send.id,
        document_ids=sent,
        kind=MailKind.AMENDED_INVITATION,
    )


def _path(index: int, *rest: str) -> Path:
    return ("documents", str(index), *rest)
