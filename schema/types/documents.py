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
from bulksend.db.sealed_pdfs import SealedPdfRow
from bulksend.execution import ColumnField, ObjectField, row_type
from bulksend.resolvers import document_history, sealed_pdfs
from bulksend.resolvers.context import Context
from bulksend.resolvers.document_history import EventType
from bulksend.resolvers.loaders import when_loaded
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.types import templates
from bulksend.schema.types.connections import After, Before, Connection, First, Last
from bulksend.schema.types.enums import DeliveryErrorCode
from bulksend.schema.types.events import Event, Signature
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node
from bulksend.schema.types.templates import Template

if TYPE_CHECKING:
    from bulksend.schema.types.bulk_sends import BulkSend


@strawberry.enum(description="State of a document.")
class DocumentStatus(Enum):
    PENDING = strawberry.enum_value("pending", description="The signer has neither signed nor declined.")
    SIGNED = strawberry.enum_value("signed", description="The signer signed.")
    DECLINED = strawberry.enum_value("declined", description="The signer declined.")
    EXPIRED = strawberry.enum_value("expired", description="The document expired before it was signed.")
    CANCELLED = strawberry.enum_value(
        "cancelled", description="The sender cancelled or voided it; its signing link answers 410."
    )


@strawberry.enum(description="State of a document's delivery.")
class DeliveryStatus(Enum):
    PENDING = strawberry.enum_value("pending", description="The mail is waiting to be sent or retried.")
    SENT = strawberry.enum_value(
        "sent", description="The SMTP server accepted the mail. Final: it is never sent again."
    )
    FAILED = strawberry.enum_value("failed", description="Delivery failed for good; see `error`.")


@strawberry.enum(description="What a pending delivery waits for.")
class DeliveryWait(Enum):
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


@strawberry.type(
    description=(
        "The document with a certificate page and its evidence attached, sealed by the deployer's key. "
        "`bulksend verify` and the page at /verify check it."
    )
)
class SealedPdf:
    url: str = strawberry.field(description="Where to download it, for ten minutes and without an API key.")
    sha256: str = strawberry.field(description="SHA-256 of the file, in hexadecimal.")
    size: int = strawberry.field(description="Bytes of the file.")


def made(context: Context, row: SealedPdfRow | None) -> SealedPdf | None:
    """Return the type for a row, with a new link."""
    return SealedPdf(url=sealed_pdfs.url(context, row), sha256=row.sha256.hex(), size=row.size) if row else None


@row_type(
    DocumentRow,
    name=ColumnField("signer_name"),
    email=ColumnField("signer_email"),
    phone=ColumnField("signer_phone"),
)
@strawberry.type(description="The person who signs the document.")
class Signer:
    name: str = strawberry.field(description="As given by the sender.")
    email: str = strawberry.field(description="Email address.")
    phone: str | None = strawberry.field(description="As given by the sender.")
    row: strawberry.Private[DocumentRow]

    def __init__(self, row: DocumentRow) -> None:
        self.row = row


@row_type(
    DocumentRow,
    code=ColumnField("error_code", DeliveryErrorCode),
    message=ColumnField("error_message", lambda text: text or ""),
)
@strawberry.type(description="Reason why a delivery failed or has to be retried.")
class DeliveryError:
    code: DeliveryErrorCode = strawberry.field(description="Stable code for programs.")
    message: str = strawberry.field(description="Explanation for people: the SMTP server's reply if there was one.")
    smtp_code: int | None = strawberry.field(description="SMTP reply code, such as 550.")
    row: strawberry.Private[DocumentRow]

    def __init__(self, row: DocumentRow) -> None:
        self.row = row


@row_type(
    DocumentRow,
    status=ColumnField("delivery_status", _DELIVERY_STATUSES.__getitem__),
    waiting_for=ColumnField("waiting_for", _WAITS.get),
    error=ObjectField(DeliveryError, unless_null="error_code"),
)
@strawberry.type(description="Delivery of one document's mail to the SMTP server.")
class Delivery:
    status: DeliveryStatus = strawberry.field(description="State of the delivery.")
    attempts: int = strawberry.field(description="Number of attempts that the SMTP server answered.")
    sent_at: datetime | None = strawberry.field(description="Time when the SMTP server accepted the mail.")
    failed_at: datetime | None = strawberry.field(description="Time when the delivery failed for good.")
    next_attempt_at: datetime | None = strawberry.field(
        description="Time of the next attempt; null while the mail is in flight and once delivery has ended."
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


@strawberry.type(description="The value of a merge field.")
class MergeValue:
    field: str = strawberry.field(description="Name used as `values.…` in the template's body.")
    value: str = strawberry.field(description="What stands there in this document.")


@row_type(
    DocumentRow,
    id=ColumnField("id", ids.encoder(ids.DOCUMENT)),
    status=ColumnField("status", _STATUSES.__getitem__),
    signer=ObjectField(Signer),
    delivery=ObjectField(Delivery),
)
@strawberry.type(description="A document: one signer's own copy of the template, with its own signing link.")
class Document(Node):
    signer_index: int = strawberry.field(description="Zero-based position in the `signers` input.")
    signer: Signer = strawberry.field(description="The person who signs the document.")
    external_id: str | None = strawberry.field(description="Identifier in the sender's own system.")
    status: DocumentStatus = strawberry.field(description="State of the document.")
    delivery: Delivery = strawberry.field(description="Delivery of the document's mail.")
    viewed_at: datetime | None = strawberry.field(description="Time when the signer first opened the document.")
    signed_at: datetime | None = strawberry.field(description="Time when the signer signed.")
    declined_at: datetime | None = strawberry.field(description="Time when the signer declined.")
    expires_at: datetime | None = strawberry.field(description="Time when the document expires; null if it does not.")
    created_at: datetime = strawberry.field(description="Time of creation.")
    updated_at: datetime = strawberry.field(description="Time of the last change.")
    row: strawberry.Private[DocumentRow]

    def __init__(self, row: DocumentRow) -> None:
        self.row = row

    @strawberry.field(description="The bulk send it belongs to. Requires the `bulk_sends.read` scope.")
    def bulk_send(
        self, info: Info
    ) -> Annotated["BulkSend", strawberry.lazy("bulksend.schema.types.bulk_sends")] | None:
        if not info.context.may("Document.bulkSend", Scope.BULK_SENDS_READ):
            return None
        loading = info.context.loaders.bulk_sends.load(self.row.bulk_send_id)
        return cast("BulkSend | None", when_loaded(loading, _bulk_send))

    @strawberry.field(description="The template it was created from. Requires the `templates.read` scope.")
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
            "Link that opens the document. Whoever has it can sign as this person. Requires the "
            "`signing_links.read` scope."
        )
    )
    def signing_url(self, info: Info) -> str | None:
        context = info.context
        if not context.may("Document.signingUrl", Scope.SIGNING_LINKS_READ):
            return None
        return context.gateway.links.url(context.caller.organization_id, self.row.id, self.row.link_generation)

    @strawberry.field(description="The values that fill its merge fields, in the order of their names.")
    async def values(self, info: Info) -> list[MergeValue] | None:
        content = await info.context.loaders.contents.load(self.row.id)
        if content is None:
            return None
        values: dict[str, object] = orjson.loads(content.signer_values)
        return [MergeValue(field=name, value=str(value)) for name, value in sorted(values.items())]

    @strawberry.field(description="The sender's message in this signer's mail only.")
    async def message(self, info: Info) -> str | None:
        content = await info.context.loaders.contents.load(self.row.id)
        return content.signer_message if content else None

    @strawberry.field(description="The language of its mails, such as `de`.")
    async def locale(self, info: Info) -> str | None:
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
        if not info.context.may("Document.events", Scope.DOCUMENTS_READ):
            return None
        asked = arguments.page(first, after, last, before)
        page, total = await document_history.read_page(info.context, self.row, asked)

        async def count() -> int:
            return total

        return Connection(page, Event.of, count)

    @strawberry.field(description="How it was signed; null if it is not. Needs `documents.read`.")
    async def signature(self, info: Info) -> Signature | None:
        if self.row.status != "signed" or not info.context.may("Document.signature", Scope.DOCUMENTS_READ):
            return None
        found = await document_history.signature(info.context, self.row)
        return Signature.of(found) if found else None

    @strawberry.field(description="Why the signer declined; null unless `DECLINED`.")
    async def decline_reason(self, info: Info) -> str | None:
        if self.row.status != "declined":
            return None
        return await document_history.reason(info.context, self.row, EventType.DECLINED)

    @strawberry.field(description="Why the sender took it back; null unless it was voided.")
    async def void_reason(self, info: Info) -> str | None:
        if self.row.status != "cancelled":
            return None
        return await document_history.reason(info.context, self.row, EventType.VOIDED)


def _bulk_send(row: BulkSendRow | None) -> "BulkSend | None":
    from bulksend.schema.types.bulk_sends import BulkSend

    return BulkSend(row) if row else None
