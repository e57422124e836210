"""Query: everything that can be read."""

from datetime import datetime
from typing import Annotated, cast

import strawberry
from strawberry import UNSET

from bulksend.db import bulk_sends as bulk_send_rows
from bulksend.db import documents as document_rows
from bulksend.db import ids
from bulksend.resolvers import bulk_sends, documents, templates
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments, prefetch
from bulksend.schema.selections import is_alone
from bulksend.schema.types import nodes
from bulksend.schema.types.bulk_sends import BulkSend, BulkSendStatus
from bulksend.schema.types.connections import Connection
from bulksend.schema.types.documents import DeliveryStatus, Document, DocumentStatus
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node
from bulksend.schema.types.page_arguments import After, Before, First, First500, Last, Last500
from bulksend.schema.types.templates import Template
from bulksend.schema.types.viewer import RateLimit, Viewer


@strawberry.type(description="Everything that can be read. What belongs to another organization does not exist.")
class Query:
    """Everything that can be read."""

    @strawberry.field(description="Who asks: the organization and key behind this request.")
    def viewer(self, info: Info) -> Viewer:
        """Give who asks."""
        return Viewer.of(info.context.caller)

    @strawberry.field(description="How much may be asked, so that a frontend need not guess.")
    def rate_limit(self, info: Info) -> RateLimit | None:
        """Give where the key stands."""
        allowance = info.context.allowance
        return RateLimit.of(allowance) if allowance else None

    @strawberry.field(description="Anything by its id; null when there is no such thing.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="An id of any type.")]
    ) -> Node | None:
        """Find one thing."""
        return await nodes.find(info.context, id, "Query.node")

    @strawberry.field(description="Several things by their ids, in the same order; null where there is no such thing.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids of any type.")],
    ) -> list[Node | None]:
        """Find several things."""
        return cast("list[Node | None]", await nodes.find_many(info.context, ids))

    @strawberry.field(description="One bulk send; null when there is none. Needs `bulk_sends.read`.")
    async def bulk_send(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A bulk send's id.")]
    ) -> BulkSend | None:
        """Find one bulk send."""
        bulk_send_id = arguments.uuid(ids.BULK_SEND, id)
        if not is_alone(info):
            return await nodes.bulk_send(info.context, bulk_send_id, "Query.bulkSend")
        if not info.context.may("Query.bulkSend", Scope.BULK_SENDS_READ) or bulk_send_id is None:
            return None
        row = await prefetch.bulk_send_with_documents(info, bulk_send_id)
        return BulkSend(row) if row else None

    @strawberry.field(description="Bulk sends, newest first. Needs `bulk_sends.read`.")
    async def bulk_sends(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        status: Annotated[
            list[BulkSendStatus] | None, strawberry.argument(description="Only bulk sends in one of these states.")
        ] = UNSET,
        search: Annotated[
            str | None, strawberry.argument(description="Only with this in their name, in whatever case.")
        ] = UNSET,
        template_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only bulk sends of this template.")
        ] = UNSET,
        external_id: Annotated[str | None, strawberry.argument(description="Only with this `externalId`.")] = UNSET,
        created_after: Annotated[
            datetime | None, strawberry.argument(description="Only created at this time or later.")
        ] = UNSET,
        created_before: Annotated[
            datetime | None, strawberry.argument(description="Only created before this time.")
        ] = UNSET,
    ) -> Connection[BulkSend] | None:
        """Read one page."""
        context = info.context
        if not context.may("Query.bulkSends", Scope.BULK_SENDS_READ):
            return None
        filters = bulk_send_rows.Filters(
            status=arguments.values(status),
            search=arguments.text(search, field="search"),
            template_id=arguments.known_uuid(ids.TEMPLATE, template_id),
            external_id=arguments.text(external_id, field="externalId"),
            created_after=arguments.given(created_after),
            created_before=arguments.given(created_before),
        )
        below = prefetch.below_connection(info)
        page = await bulk_sends.read_page(
            context,
            arguments.page(first, after, last, before),
            filters,
            with_templates=prefetch.templates_wanted(info, below),
        )
        await prefetch.prefetch_documents(info, page.rows, below)
        return Connection(page, BulkSend, lambda: bulk_sends.count(context, filters))

    @strawberry.field(description="One document; null when there is none. Needs `documents.read` or `bulk_sends.read`.")
    async def document(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A document's id.")]
    ) -> Document | None:
        """Find one document."""
        return await nodes.document(info.context, arguments.uuid(ids.DOCUMENT, id), "Query.document")

    @strawberry.field(
        description=(
            "Documents of every bulk send: the newest bulk send's first, each in its signers' order. "
            "Did Alice get hers? Needs `documents.read` or `bulk_sends.read`."
        )
    )
    async def documents(
        self,
        info: Info,
        first: First500 = UNSET,
        after: After = UNSET,
        last: Last500 = UNSET,
        before: Before = UNSET,
        signer_email: Annotated[
            str | None, strawberry.argument(description="Only to this address, in whatever case.")
        ] = UNSET,
        external_id: Annotated[str | None, strawberry.argument(description="Only with this `externalId`.")] = UNSET,
        status: Annotated[
            list[DocumentStatus] | None, strawberry.argument(description="Only documents in one of these states.")
        ] = UNSET,
        delivery_status: Annotated[
            list[DeliveryStatus] | None, strawberry.argument(description="Only documents whose mail is so far.")
        ] = UNSET,
    ) -> Connection[Document] | None:
        """Read one page."""
        context = info.context
        if not context.may("Query.documents", Scope.DOCUMENTS_READ, Scope.BULK_SENDS_READ):
            return None
        filters = document_rows.Filters(
            signer_email=arguments.email(signer_email, field="signerEmail"),
            external_id=arguments.text(external_id, field="externalId"),
            status=arguments.values(status),
            delivery_status=arguments.values(delivery_status),
        )
        page = await documents.read_page(context, arguments.page(first, after, last, before), filters)
        return Connection(page, Document, lambda: documents.count(context, filters))

    @strawberry.field(description="One template; null when there is none. Needs `templates.read`.")
    async def template(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A template's id.")]
    ) -> Template | None:
        """Find one template."""
        return await nodes.template(info.context, arguments.uuid(ids.TEMPLATE, id), "Query.template")

    @strawberry.field(description="Templates, newest first. Needs `templates.read`.")
    async def templates(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        search: Annotated[
            str | None, strawberry.argument(description="Only with this in their name, in whatever case.")
        ] = UNSET,
    ) -> Connection[Template] | None:
        """Read one page."""
        context = info.context
        if not context.may("Query.templates", Scope.TEMPLATES_READ):
            return None
        wanted = arguments.text(search, field="search")
        page = await templates.read_page(context, arguments.page(first, after, last, before), wanted)
        return Connection(page, Template, lambda: templates.count(context, wanted))
