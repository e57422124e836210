"""Document: one signer's own instance of the template."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final, cast

import orjson
import strawberry
from strawberry import UNSET

from bulksend.db import ids
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.documents import DocumentRow
from bulksend.execution import ColumnField, ObjectField, row_type
from bulksend.resolvers import document_history
from bulksend.resolvers.document_history import EventType
from bulksend.resolvers.loaders import when_loaded
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.types import templates
from bulksend.schema.types.connections import Connection
from bulksend.schema.types.enums import DeliveryErrorCode
from bulksend.schema.types.events import Event, Signature
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node
from bulksend.schema.types.page_arguments import After, Before, First, Last
from bulksend.schema.types.sealed_pdfs import SealedPdf, made
from bulksend.schema.types.templates import Template

if TYPE_CHECKING:
    from bulksend.schema.types.bulk_sends import BulkSend


@strawberry.enum(description="A document's own life.")
class DocumentStatus(Enum):
    """A document's own life."""

    PENDING = strawberry.enum_value("pending", description="Waits for its signer.")
    SIGNED = strawberry.enum_value("signed", description="The signer signed.")
    DECLINED = strawberry.enum_value("declined", description="The signer declined.")
    EXPIRED = strawberry.enum_value("expired", description="The time to sign is over.")
    CANCELLED = strawberry.enum_value("cancelled", description="The sender cancelled it; its link answers 410.")


@strawberry.enum(description="How far one document's mail is.")
class DeliveryStatus(Enum):
    """How far one document's mail is."""

    PENDING = strawberry.enum_value("pending", description="Waits to be sent, or to be tried again.")
    SENT = strawberry.enum_value("sent", description="The mail server accepted it. Final: never sent again.")
    FAILED = strawberry.enum_value("failed", description="Given up, for the reason in `error`.")


@strawberry.enum(description="What a pending delivery waits for.")
class DeliveryWait(Enum):
    """What a pending delivery waits for."""

    TURN = strawberry.enum_value("turn", description="Due: it is sent as soon as a connection is free.")
    RETRY = strawberry.enum_value("retry", description="Deferred by the mail server; tried again at `nextAttemptAt`.")
    SERVER = strawberry.enum_value(
        "server", description="The mail server takes no mail from the gateway now; sending resumes once it does."
    )
    WORKER = strawberry.enum_value(
        "worker",
        description="In flight: a worker has it. If that worker dies, another one takes it over within seconds.",
    )


_STATUSES: Final = {member.value: member for member in DocumentStatus}
_DELIVERY_STATUSES: Final = {member.value: member for member in DeliveryStatus}
_WAITS: Final = {member.value: member for member in DeliveryWait}


@row_type(
    DocumentRow,
    name=ColumnField("signer_name"),
    email=ColumnField("signer_email"),
    phone=ColumnField("signer_phone"),
)
@strawberry.type(description="Who is to sign.")
class Signer:
    """Who is to sign."""

    name: str = strawberry.field(description="As the sender gave it.")
    email: str = strawberry.field(description="Where the mail goes.")
    phone: str | None = strawberry.field(description="As the sender gave it.")
    row: strawberry.Private[DocumentRow]

    def __init__(self, row: DocumentRow) -> None:
        self.row = row


@row_type(
    DocumentRow,
    code=ColumnField("error_code", DeliveryErrorCode),
    message=ColumnField("error_message", lambda text: text or ""),
)
@strawberry.type(description="Why a delivery failed, or why it must be tried again.")
class DeliveryError:
    """Why a delivery failed or waits."""

    code: DeliveryErrorCode = strawberry.field(description="Stable; for programs.")
    message: str = strawberry.field(description="The mail server's own words, or ours; for people.")
    smtp_code: int | None = strawberry.field(description="The mail server's reply code, such as 550.")
    row: strawberry.Private[DocumentRow]

    def __init__(self, row: DocumentRow) -> None:
        self.row = row


@row_type(
    DocumentRow,
    status=ColumnField("delivery_status", _DELIVERY_STATUSES.__getitem__),
    waiting_for=ColumnField("waiting_for", _WAITS.get),
    error=ObjectField(DeliveryError, unless_null="error_code"),
)
@strawberry.type(description="Getting one document's mail accepted by the mail server.")
class Delivery:
    """How one document's mail fares."""

    status: DeliveryStatus = strawberry.field(description="How far it is.")
    attempts: int = strawberry.field(description="How often the mail server was asked and answered about this mail.")
    sent_at: datetime | None = strawberry.field(description="When the mail server accepted it.")
    failed_at: datetime | None = strawberry.field(description="When it was given up.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried next; null when it is in flight or finished."
    )
    waiting_for: DeliveryWait | None = strawberry.field(
        description="What a pending delivery waits for; null when it is finished."
    )
    error: DeliveryError | None = strawberry.field(
        description="The last refusal, or what is wrong with the mail server it waits for; null once sent."
    )
    row: strawberry.Private[DocumentRow]

    def __init__(self, row: DocumentRow) -> None:
        self.row = row


@strawberry.type(description="The value of one merge field.")
class MergeValue:
    """The value of one merge field."""

    field: str = strawberry.field(description="The name after `values.` in the template's body.")
    value: str = strawberry.field(description="What stands there in this document.")


@row_type(
    DocumentRow,
    id=ColumnField("id", ids.encoder(ids.DOCUMENT)),
    status=ColumnField("status", _STATUSES.__getitem__),
    signer=ObjectField(Signer),
    delivery=ObjectField(Delivery),
)
@strawberry.type(description="One signer's own instance of the template, with a signing link of its own.")
class Document(Node):
    """One signer's own instance of the template."""

    signer_index: int = strawberry.field(description="The signer's place in the create's `signers`, from 0.")
    signer: Signer = strawberry.field(description="Who is to sign.")
    external_id: str | None = strawberry.field(description="The sender's own id for it.")
    status: DocumentStatus = strawberry.field(description="The document's own life.")
    delivery: Delivery = strawberry.field(description="How its mail fares.")
    viewed_at: datetime | None = strawberry.field(description="When the signer first opened it.")
    signed_at: datetime | None = strawberry.field(description="When the signer signed.")
    declined_at: datetime | None = strawberry.field(description="When the signer declined.")
    expires_at: datetime | None = strawberry.field(description="When the time to sign is over; null is never.")
    created_at: datetime = strawberry.field(description="When the bulk send was created.")
    updated_at: datetime = strawberry.field(description="When anything about it last changed.")
    row: strawberry.Private[DocumentRow]

    def __init__(self, row: DocumentRow) -> None:
        self.row = row

    @strawberry.field(description="The bulk send it belongs to. Needs `bulk_sends.read`.")
    def bulk_send(
        self, info: Info
    ) -> Annotated["BulkSend", strawberry.lazy("bulksend.schema.types.bulk_sends")] | None:
        """Load the bulk send."""
        if not info.context.may("Document.bulkSend", Scope.BULK_SENDS_READ):
            return None
        loading = info.context.loaders.bulk_sends.load(self.row.bulk_send_id)
        return cast("BulkSend | None", when_loaded(loading, _bulk_send))

    @strawberry.field(description="The template it is made of. Needs `templates.read`.")
    def template(self, info: Info) -> Template | None:
        """Load the template, which is the bulk send's."""
        context = info.context
        if not context.may("Document.template", Scope.TEMPLATES_READ):
            return None
        loading = context.loaders.bulk_sends.load(self.row.bulk_send_id)
        found = when_loaded(loading, lambda row: templates.load(context, row.template_id) if row else None)
        return cast("Template | None", found)

    @strawberry.field(
        description=("The sealed PDF of a signed or declined document; null until it is made. Needs `documents.read`.")
    )
    def sealed_pdf(self, info: Info) -> SealedPdf | None:
        """Load hash and size, and make a link."""
        context = info.context
        if not context.may("Document.sealedPdf", Scope.DOCUMENTS_READ):
            return None
        loading = context.loaders.sealed_pdfs.load(self.row.id)
        return cast("SealedPdf | None", when_loaded(loading, lambda row: made(context, row)))

    @strawberry.field(
        description=(
            "The link that opens this document. Whoever holds it can sign as this person, so it needs "
            "`signing_links.read`."
        )
    )
    def signing_url(self, info: Info) -> str | None:
        """Sign the link."""
        context = info.context
        if not context.may("Document.signingUrl", Scope.SIGNING_LINKS_READ):
            return None
        return context.gateway.links.url(context.caller.organization_id, self.row.id, self.row.link_generation)

    @strawberry.field(description="The values that fill its merge fields, in the order of their names.")
    async def values(self, info: Info) -> list[MergeValue] | None:
        """Load the values."""
        content = await info.context.loaders.contents.load(self.row.id)
        if content is None:
            return None
        values: dict[str, object] = orjson.loads(content.signer_values)
        return [MergeValue(field=name, value=str(value)) for name, value in sorted(values.items())]

    @strawberry.field(description="The sender's message in this signer's mail only.")
    async def message(self, info: Info) -> str | None:
        """Load the message."""
        content = await info.context.loaders.contents.load(self.row.id)
        return content.signer_message if content else None

    @strawberry.field(description="The language of its mails, such as `de`.")
    async def locale(self, info: Info) -> str | None:
        """Load the language."""
        content = await info.context.loaders.contents.load(self.row.id)
        return content.locale if content else None

    @strawberry.field(description="Its history, oldest first. Needs `documents.read`.")
    async def events(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Event] | None:
        """Load a page of the history."""
        if not info.context.may("Document.events", Scope.DOCUMENTS_READ):
            return None
        asked = arguments.page(first, after, last, before)
        page, total = await document_history.read_page(info.context, self.row, asked)

        async def count() -> int:
            return total

        return Connection(page, Event.of, count)

    @strawberry.field(description="How it was signed; null if it is not. Needs `documents.read`.")
    async def signature(self, info: Info) -> Signature | None:
        """Load the signature."""
        if self.row.status != "signed" or not info.context.may("Document.signature", Scope.DOCUMENTS_READ):
            return None
        found = await document_history.signature(info.context, self.row)
        return Signature.of(found) if found else None

    @strawberry.field(description="Why the signer declined; null unless `DECLINED`.")
    async def decline_reason(self, info: Info) -> str | None:
        """Load the reason."""
        if self.row.status != "declined":
            return None
        return await document_history.reason(info.context, self.row, EventType.DECLINED)

    @strawberry.field(description="Why the sender took it back; null unless it was voided.")
    async def void_reason(self, info: Info) -> str | None:
        """Load the reason."""
        if self.row.status != "cancelled":
            return None
        return await document_history.reason(info.context, self.row, EventType.VOIDED)


def _bulk_send(row: BulkSendRow | None) -> "BulkSend | None":
    from bulksend.schema.types.bulk_sends import BulkSend

    return BulkSend(row) if row else None
