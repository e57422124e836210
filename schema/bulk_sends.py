"""BulkSend: one template, sent to 1–500 signers in one call."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Final, Self

import strawberry
from strawberry import UNSET

from bulksend.db import ids
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.resolvers import documents
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.connections import Connection
from bulksend.schema.documents import DeliveryStatus, Document, DocumentStatus
from bulksend.schema.dressing import dressed
from bulksend.schema.info import Info
from bulksend.schema.node import Node
from bulksend.schema.paging import After, Before, First500, Last500
from bulksend.schema.templates import Template


@strawberry.enum(description="How far a bulk send is.")
class BulkSendStatus(Enum):
    """How far a bulk send is."""

    PROCESSING = strawberry.enum_value("processing", description="A delivery is pending.")
    COMPLETED = strawberry.enum_value("completed", description="No delivery is pending and at least one was sent.")
    FAILED = strawberry.enum_value("failed", description="No delivery is pending and none was sent.")


_STATUSES: Final = {member.value: member for member in BulkSendStatus}


@dressed(
    id=lambda self: ids.encode(ids.BULK_SEND, self.row.id),
    template_id=lambda self: ids.encode(ids.TEMPLATE, self.row.template_id),
    status=lambda self: _STATUSES[self.row.status],
)
@strawberry.type(description="One template sent to 1–500 signers in one call.")
class BulkSend(Node):
    """One template sent to 1–500 signers in one call."""

    name: str = strawberry.field(description="Its name, as the sender gave it.")
    status: BulkSendStatus = strawberry.field(description="How far it is; follows from the counts.")
    email_message: str | None = strawberry.field(description="The sender's words in every mail.")
    external_id: str | None = strawberry.field(description="The sender's own id for it.")
    total_count: int = strawberry.field(
        description="How many documents it has: always `sentCount + failedCount + pendingCount`."
    )
    sent_count: int = strawberry.field(description="How many mails the mail server accepted.")
    failed_count: int = strawberry.field(description="How many were given up.")
    pending_count: int = strawberry.field(description="How many wait to be sent.")
    template_id: strawberry.ID = strawberry.field(description="The id of its template.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When anything about it last changed.")
    row: strawberry.Private[BulkSendRow]

    def __init__(self, row: BulkSendRow) -> None:
        self.row = row

    @classmethod
    def of(cls, row: BulkSendRow) -> Self:
        """Dress a row."""
        return cls(row)

    @strawberry.field(description="What is sent. Needs `templates.read`.")
    async def template(self, info: Info) -> Template | None:
        """Load the template."""
        if not info.context.may("BulkSend.template", Scope.TEMPLATES_READ):
            return None
        row = await info.context.loaders.templates.load(self.row.template_id)
        return Template.of(row) if row else None

    @strawberry.field(
        description="Its documents in the order of the create's `signers`. Needs `documents.read` or `bulk_sends.read`."
    )
    async def documents(
        self,
        info: Info,
        first: First500 = UNSET,
        after: After = UNSET,
        last: Last500 = UNSET,
        before: Before = UNSET,
        status: Annotated[
            list[DocumentStatus] | None, strawberry.argument(description="Only documents in one of these states.")
        ] = UNSET,
        delivery_status: Annotated[
            list[DeliveryStatus] | None, strawberry.argument(description="Only documents whose mail is so far.")
        ] = UNSET,
    ) -> Connection[Document] | None:
        """Load one page."""
        context = info.context
        if not context.may("BulkSend.documents", Scope.DOCUMENTS_READ, Scope.BULK_SENDS_READ):
            return None
        statuses = arguments.values(status)
        delivery_statuses = arguments.values(delivery_status)
        page = await documents.read_page_of_bulk_send(
            context, self.row.id, arguments.page(first, after, last, before), statuses, delivery_statuses
        )
        return Connection(
            page,
            Document.of,
            lambda: documents.count_of_bulk_send(context, self.row.id, statuses, delivery_statuses),
        )
