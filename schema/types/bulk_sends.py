"""BulkSend: one template, sent to 1–500 signers in one call."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any, Final, cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from bulksend.db import ids
from bulksend.db.bulk_sends import BulkSendRow, BulkSendWithTemplateRow
from bulksend.db.documents import DocumentRow
from bulksend.db.pages import Page
from bulksend.execution import ColumnField, batched, prefetched, row_type
from bulksend.resolvers import documents
from bulksend.resolvers.context import Context
from bulksend.resolvers.documents import PageOfBulkSend
from bulksend.resolvers.loaders import when_loaded
from bulksend.resolvers.viewer import Scope
from bulksend.schema.prefetch import DOCUMENTS_READERS, documents_page
from bulksend.schema.types import templates
from bulksend.schema.types.connections import After, Before, Connection, First500, Last500
from bulksend.schema.types.documents import DeliveryStatus, Document, DocumentStatus
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node
from bulksend.schema.types.templates import Template


@strawberry.enum(description="Processing state of a bulk send.")
class BulkSendStatus(Enum):
    PROCESSING = strawberry.enum_value("processing", description="At least one delivery is pending.")
    COMPLETED = strawberry.enum_value(
        "completed", description="No delivery is pending and at least one document was sent."
    )
    FAILED = strawberry.enum_value("failed", description="No delivery is pending and no document was sent.")


@strawberry.enum(description="Orders of a list of bulk sends.")
class BulkSendOrder(Enum):
    CREATED_AT_DESC = strawberry.enum_value("created_at_desc", description="Newest first.")
    CREATED_AT_ASC = strawberry.enum_value("created_at_asc", description="Oldest first.")


_STATUSES: Final = {member.value: member for member in BulkSendStatus}


@row_type(
    BulkSendRow,
    BulkSendWithTemplateRow,
    id=ColumnField("id", ids.encoder(ids.BULK_SEND)),
    template_id=ColumnField("template_id", ids.encoder(ids.TEMPLATE)),
    status=ColumnField("status", _STATUSES.__getitem__),
)
@strawberry.type(description="A bulk send: one template sent to 1–500 signers in one call.")
class BulkSend(Node):
    name: str = strawberry.field(description="Name chosen by the sender; signers see it in their mails.")
    status: BulkSendStatus = strawberry.field(description="Processing state, derived from the counters.")
    email_message: str | None = strawberry.field(description="Message from the sender, included in every mail.")
    external_id: str | None = strawberry.field(description="Identifier in the sender's own system.")
    total_count: int = strawberry.field(
        description="Number of documents; always `sentCount + failedCount + pendingCount`."
    )
    sent_count: int = strawberry.field(description="Number of documents whose mail the SMTP server accepted.")
    failed_count: int = strawberry.field(description="Number of documents whose delivery failed.")
    pending_count: int = strawberry.field(description="Number of documents whose delivery is pending.")
    cancelled_count: int = strawberry.field(description="Number of failed documents whose delivery was cancelled.")
    progress: float = strawberry.field(description="Share of documents whose delivery has ended, from 0 to 1.")
    viewed_count: int = strawberry.field(description="Number of documents that their signers have opened.")
    signed_count: int = strawberry.field(description="Number of documents that are signed.")
    declined_count: int = strawberry.field(description="Number of documents that their signers declined to sign.")
    expired_count: int = strawberry.field(
        description="Number of documents that were neither signed, declined nor cancelled in time."
    )
    created_by: str | None = strawberry.field(description="Name of the API key that created it.")
    completed_at: datetime | None = strawberry.field(
        description="When delivery of its last document ended; null while a delivery is pending."
    )
    template_id: strawberry.ID = strawberry.field(description="ID of the template.")
    created_at: datetime = strawberry.field(description="Time of creation.")
    updated_at: datetime = strawberry.field(description="Time of the last change.")
    row: strawberry.Private[BulkSendRow]

    def __init__(self, row: BulkSendRow) -> None:
        self.row = row

    @strawberry.field(description="The template that is sent. Requires the `templates.read` scope.")
    @prefetched(
        Template,
        id="template_id",
        name="template_name",
        description="template_description",
        created_at="template_created_at",
    )
    def template(self, info: Info) -> Template | None:
        """Load the template, unless it was read with the bulk send."""
        if not info.context.may("BulkSend.template", Scope.TEMPLATES_READ):
            return None
        return cast("Template | None", templates.load(info.context, self.row.template_id))

    @strawberry.field(
        description="Documents, in the order of the `signers` input. Requires the `documents.read` "
        "or `bulk_sends.read` scope."
    )
    @batched(lambda rows, info, **given: _prefetched_documents(rows, info, **given))
    def documents(
        self,
        info: Info,
        first: First500 = UNSET,
        after: After = UNSET,
        last: Last500 = UNSET,
        before: Before = UNSET,
        status: Annotated[
            list[DocumentStatus] | None,
            strawberry.argument(description="Return only documents with one of these statuses."),
        ] = UNSET,
        delivery_status: Annotated[
            list[DeliveryStatus] | None,
            strawberry.argument(description="Return only documents whose delivery has one of these statuses."),
        ] = UNSET,
        signer_email: Annotated[
            str | None, strawberry.argument(description="Return only documents sent to this address, ignoring case.")
        ] = UNSET,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Return only documents whose signer's name or address contains this text, ignoring case."
            ),
        ] = UNSET,
    ) -> Connection[Document] | None:
        """Load the page, unless it was read with the bulk sends."""
        context, bulk_send_id = info.context, self.row.id
        if not context.may("BulkSend.documents", *DOCUMENTS_READERS):
            return None
        wanted = documents_page(first, after, last, before, status, delivery_status, signer_email, search)
        loading = documents.load_page_of_bulk_send(context, bulk_send_id, wanted)
        connection = when_loaded(loading, partial(_documents, context, bulk_send_id, wanted))
        return cast("Connection[Document] | None", connection)


def _documents(
    context: Context, bulk_send_id: UUID, wanted: PageOfBulkSend, page: Page[DocumentRow]
) -> Connection[Document]:
    count = partial(documents.count_of_bulk_send, context, bulk_send_id, wanted)
    return Connection(wanted.connection_page(bulk_send_id, page), Document, count)


def _prefetched_documents(rows: Sequence[BulkSendRow], info: Info, **given: Any) -> list[Connection[Document]] | None:
    """Return the page of each bulk send, or None unless all were prefetched, for a viewer who may read documents."""
    context = info.context
    wanted = documents_page(**given)
    pages = [(row.id, context.loaders.prefetched.get((row.id, wanted))) for row in rows]
    found = [_documents(context, bulk_send_id, wanted, page) for bulk_send_id, page in pages if page is not None]
    return found if len(found) == len(rows) else None
