"""BulkSend: one template, sent to 1–500 signers in one call."""

from collections.abc import Awaitable
from datetime import datetime
from enum import Enum
from typing import Annotated, Final, Self, cast

import strawberry
from strawberry import UNSET

from bulksend.db import ids
from bulksend.db.bulk_sends import BulkSendRow, ListedTemplate
from bulksend.db.documents import DocumentRow
from bulksend.db.pages import Page
from bulksend.execution.batch_resolvers import NotAtHand, at_hand, in_row
from bulksend.execution.row_mapping import Column, dressed
from bulksend.resolvers import documents
from bulksend.resolvers.context import Context
from bulksend.resolvers.documents import FirstPage, Statuses
from bulksend.resolvers.pages import ConnectionPage
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.prefetch import DOCUMENTS_READERS, NOTHING_AHEAD, Ahead
from bulksend.schema.types import templates
from bulksend.schema.types.connections import Connection
from bulksend.schema.types.documents import DeliveryStatus, Document, DocumentStatus
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node
from bulksend.schema.types.page_arguments import After, Before, First500, Last500
from bulksend.schema.types.templates import Template


@strawberry.enum(description="How far a bulk send is.")
class BulkSendStatus(Enum):
    """How far a bulk send is."""

    PROCESSING = strawberry.enum_value("processing", description="A delivery is pending.")
    COMPLETED = strawberry.enum_value("completed", description="No delivery is pending and at least one was sent.")
    FAILED = strawberry.enum_value("failed", description="No delivery is pending and none was sent.")


_STATUSES: Final = {member.value: member for member in BulkSendStatus}


@dressed(
    id=Column("id", ids.encoder(ids.BULK_SEND)),
    template_id=Column("template_id", ids.encoder(ids.TEMPLATE)),
    status=Column("status", _STATUSES.__getitem__),
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
    ahead: strawberry.Private[Ahead]

    def __init__(self, row: BulkSendRow, ahead: Ahead = NOTHING_AHEAD) -> None:
        self.row = row
        self.ahead = ahead

    @classmethod
    def of(cls, row: BulkSendRow) -> Self:
        """Dress a row."""
        return cls(row)

    @strawberry.field(description="What is sent. Needs `templates.read`.")
    @in_row(Template, ListedTemplate, lambda bulk_sends, context: _have_templates(bulk_sends, context))
    def template(self, info: Info) -> Template | None:
        """Give the template that was read with the bulk send, or load it."""
        if not info.context.may("BulkSend.template", Scope.TEMPLATES_READ):
            return None
        if self.ahead.has_templates:
            return Template(ListedTemplate(self.row))
        return cast("Template | None", templates.load(info.context, self.row.template_id))

    @strawberry.field(
        description="Its documents in the order of the create's `signers`. Needs `documents.read` or `bulk_sends.read`."
    )
    @at_hand(lambda bulk_sends, context, **arguments: _documents_at_hand(bulk_sends, context, **arguments))
    def documents(
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
        """Give the page that was read with the bulk send, or load one."""
        if not info.context.may("BulkSend.documents", *DOCUMENTS_READERS):
            return None
        page = arguments.page(first, after, last, before)
        statuses, delivery_statuses = arguments.values(status), arguments.values(delivery_status)
        wanted = documents.first_page(page, statuses, delivery_statuses)
        read = self._read_ahead(wanted) if wanted else None
        if wanted and read:
            return self._first_documents(info.context, read, wanted)
        loading = documents.read_page_of_bulk_send(info.context, self.row.id, page, statuses, delivery_statuses)
        return cast("Connection[Document] | None", self._loaded(info.context, loading, (statuses, delivery_statuses)))

    def _read_ahead(self, wanted: FirstPage) -> Page[DocumentRow] | None:
        return self.ahead.documents.get(self.row.id) if wanted == self.ahead.first_page else None

    def _first_documents(self, context: Context, page: Page[DocumentRow], asked: FirstPage) -> Connection[Document]:
        return self._dressed(context, documents.first_connection_page(self.row.id, page, asked), asked[1:])

    async def _loaded(
        self, context: Context, loading: Awaitable[ConnectionPage[DocumentRow]], filters: tuple[Statuses, Statuses]
    ) -> Connection[Document]:
        return self._dressed(context, await loading, filters)

    def _dressed(
        self, context: Context, page: ConnectionPage[DocumentRow], filters: tuple[Statuses, Statuses]
    ) -> Connection[Document]:
        return Connection(page, Document, lambda: documents.count_of_bulk_send(context, self.row.id, *filters))


def _have_templates(bulk_sends: list[BulkSend], context: Context) -> bool:
    return context.has(Scope.TEMPLATES_READ) and all(one.ahead.has_templates for one in bulk_sends)


def _documents_at_hand(
    bulk_sends: list[BulkSend],
    context: Context,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    status: list[DocumentStatus] | None = None,
    delivery_status: list[DeliveryStatus] | None = None,
) -> list[Connection[Document]]:
    page = arguments.page(first, after, last, before)
    wanted = documents.first_page(page, arguments.values(status), arguments.values(delivery_status))
    if wanted is None or not context.has(*DOCUMENTS_READERS):
        raise NotAtHand
    read = [one._read_ahead(wanted) for one in bulk_sends]
    if None in read:
        raise NotAtHand
    return [one._first_documents(context, page, wanted) for one, page in zip(bulk_sends, read, strict=True) if page]
