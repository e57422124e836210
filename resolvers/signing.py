"""Open, sign or decline a document at a signing link."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from bulksend.db import bulk_sends, events, sealed_pdfs, signing
from bulksend.db.pool import Connection, reading, write
from bulksend.db.signing import OpenedDocumentRow
from bulksend.delivery import event_log
from bulksend.delivery.document_values import shown_values
from bulksend.delivery.event_log import Act, Source
from bulksend.delivery.signing_links import SigningLink
from bulksend.delivery.template_content import content_nodes
from bulksend.delivery.template_rendering import render
from bulksend.evidence.canonical_json import canonical_bytes
from bulksend.evidence.content import Content
from bulksend.resolvers.context import Gateway
from bulksend.resolvers.template_fields import FilledBy, TemplateField, load
from bulksend.resolvers.visible_text import is_visible

# In code points.
NAME_LENGTH: Final = 200
REASON_LENGTH: Final = 1000

_OUTCOMES: Final = ("signed", "declined", "voided")

# Control characters, lone surrogates, and characters that would reverse the text around them on a certificate.
_NOT_IN_TEXT: Final = r"\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL: Final = re.compile(rf"[\x00-\x1f{_NOT_IN_TEXT}]")
_CONTROL_BUT_BREAKS: Final = re.compile(rf"[\x00-\x08\x0b-\x1f{_NOT_IN_TEXT}]")


class SigningState(StrEnum):
    """The state of the document at a signing link. It can be signed or declined only while it is OPEN."""

    OPEN = "open"
    SIGNED = "signed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DELETED = "deleted"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a document was closed. `text`: the name that was signed, or the reason given."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document as its signer sees it. `html`: its sanitised content; `sha256`: the hash of that content."""

    link: SigningLink
    state: SigningState
    row: OpenedDocumentRow
    html: str
    sha256: str
    outcome: Outcome | None

    @property
    def fields(self) -> tuple[TemplateField, ...]:
        """The fields that the signer fills in."""
        return tuple(field for field in load(self.row.template_fields) if field.filled_by is FilledBy.SIGNER)


@dataclass(frozen=True, slots=True)
class Signature:
    """The statement of a signer. `consent` and `intent`: the sentences that were shown, in the language `locale`.

    `values`: of each field that the signer fills.
    """

    name: str
    consent: str
    consent_sha256: str
    intent: str
    locale: str
    values: Mapping[str, str] = field(default_factory=dict)


class TextProblem(StrEnum):
    """Why a text typed by a signer is invalid."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    INVALID = "invalid"


class InvalidText(Exception):
    """A text typed by a signer is invalid."""

    def __init__(self, problem: TextProblem) -> None:
        self.problem = problem
        super().__init__(problem.value)


def signer_name(typed: str) -> str:
    """Return a typed name without white space around it. Raise `InvalidText`; any visible name is accepted."""
    return _checked(" ".join(typed.split()), NAME_LENGTH, _CONTROL)


def decline_reason(typed: str) -> str:
    """Return a typed reason without white space around it. Raise `InvalidText`."""
    return _checked(typed.replace("\r\n", "\n").strip(), REASON_LENGTH, _CONTROL_BUT_BREAKS)


def is_text(typed: str) -> bool:
    """Return whether a value that a signer typed has no control characters but line breaks and tabs."""
    return _CONTROL_BUT_BREAKS.search(typed) is None


def _checked(text: str, maximum: int, refused: re.Pattern[str]) -> str:
    if not is_visible(text):
        raise InvalidText(TextProblem.MISSING)
    if len(text) > maximum:
        raise InvalidText(TextProblem.TOO_LONG)
    if refused.search(text):
        raise InvalidText(TextProblem.INVALID)
    return text


async def open_document(gateway: Gateway, link: SigningLink) -> OpenedDocument | None:
    """Return the document that a signing link opens, whatever its state; None if it opens none."""
    async with reading(gateway.pool) as conn:
        row = await signing.open_document(conn, organization_id=link.organization_id, document_id=link.document_id)
        if row is None or link.generation > row.link_generation:
            return None
        outcome = await _outcome(conn, link) if row.status != "pending" else None
    # A long template takes tens of milliseconds the first time that it is rendered.
    html, sha256 = await asyncio.to_thread(_rendered, row, {})
    return OpenedDocument(link, _state(link, row), row, html, sha256, outcome)


async def _outcome(conn: Connection, link: SigningLink) -> Outcome | None:
    found = await events.get_outcomes(
        conn, organization_id=link.organization_id, document_ids=[link.document_id], types=_OUTCOMES
    )
    if not found:
        return None
    details = json.loads(found[0].details)
    return Outcome(found[0].occurred_at, details.get("name") or details.get("reason") or "")


def _state(link: SigningLink, row: OpenedDocumentRow) -> SigningState:
    if row.deleted:
        return SigningState.DELETED
    if row.status == "cancelled":
        return SigningState.CANCELLED
    if link.generation < row.link_generation:
        return SigningState.SUPERSEDED
    if row.status == "pending":
        return SigningState.EXPIRED if row.past_expiry else SigningState.OPEN
    return SigningState(row.status)


def _rendered(row: OpenedDocumentRow, typed: Mapping[str, str]) -> tuple[str, str]:
    values = shown_values(row.template_fields, json.loads(row.signer_values) | typed)
    name, email, body = row.signer_name, row.signer_email, row.template_body
    html = render(body, signer_name=name, signer_email=email, values=values)
    nodes = content_nodes(body, signer_name=name, signer_email=email, values=values)
    return html, Content(title=row.template_name, nodes=nodes).sha256()


async def view(gateway: Gateway, document: OpenedDocument, source: Source) -> None:
    """Record the first time that a signer opens a document."""
    if document.state is not SigningState.OPEN or document.row.viewed_at is not None:
        return
    link, row = document.link, document.row

    async def work(conn: Connection) -> bool:
        await bulk_sends.lock(conn, organization_id=link.organization_id, bulk_send_id=row.bulk_send_id)
        viewed_at = await signing.view(
            conn,
            organization_id=link.organization_id,
            bulk_send_id=row.bulk_send_id,
            document_id=row.id,
            link_generation=link.generation,
        )
        if viewed_at is None:
            return False
        act = Act(row.id, "viewed", {"document_sha256": document.sha256})
        await event_log.append(conn, organization_id=link.organization_id, acts=[act], source=source, at=viewed_at)
        return True

    if await write(gateway.pool, work):
        gateway.notices.changed(link.organization_id, row.bulk_send_id)


async def sign(gateway: Gateway, document: OpenedDocument, signature: Signature, source: Source) -> bool:
    """Sign an opened document; return False if it can no longer be signed, which changes nothing."""
    filled = sorted(signature.values.items())
    # The signed content includes the values that the signer filled in.
    _, sha256 = await asyncio.to_thread(_rendered, document.row, signature.values)
    acts = [
        Act(
            document.row.id,
            "consented",
            {
                "consent_sha256": signature.consent_sha256,
                "consent_text": signature.consent,
                "locale": signature.locale,
            },
        ),
        Act(
            document.row.id,
            "signed",
            {
                "document_sha256": sha256,
                "intent": signature.intent,
                "name": signature.name,
                **{f"field_{number}": f"{name}={value}" for number, (name, value) in enumerate(filled, start=1)},
            },
        ),
    ]
    return await _close(gateway, document, "signed", acts, source, canonical_bytes(dict(filled)).decode())


async def decline(gateway: Gateway, document: OpenedDocument, reason: str, source: Source) -> bool:
    """Decline an opened document; return False if it can no longer be declined, which changes nothing."""
    act = Act(document.row.id, "declined", {"document_sha256": document.sha256, "reason": reason})
    return await _close(gateway, document, "declined", [act], source, "{}")


async def _close(
    gateway: Gateway,
    document: OpenedDocument,
    status: Literal["signed", "declined"],
    acts: Sequence[Act],
    source: Source,
    values: str,
) -> bool:
    link, row = document.link, document.row

    async def work(conn: Connection) -> bool:
        # The order in which recording a delivery locks: first the bulk send, then its documents.
        await bulk_sends.lock(conn, organization_id=link.organization_id, bulk_send_id=row.bulk_send_id)
        # The generation changes with the content: what is signed is what was shown.
        closed_at = await signing.close(
            conn,
            organization_id=link.organization_id,
            bulk_send_id=row.bulk_send_id,
            document_id=row.id,
            link_generation=link.generation,
            status=status,
            values=values,
        )
        if closed_at is None:
            return False
        await event_log.append(conn, organization_id=link.organization_id, acts=acts, source=source, at=closed_at)
        await sealed_pdfs.request(conn, organization_id=link.organization_id, document_id=row.id)
        return True

    closed = await write(gateway.pool, work)
    if closed:
        gateway.notices.changed(link.organization_id, row.bulk_send_id)
    return closed
