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
from bulksend.schema.types.bulk_sends import BulkSend, BulkSendOrder, BulkSendStatus
from bulksend.schema.types.connections import After, Before, Connection, First, First500, Last, Last500
from bulksend.schema.types.documents import DeliveryStatus, Document, DocumentStatus
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node
from bulksend.schema.types.templates import Template
from bulksend.schema.types.viewer import RateLimit, Viewer


@strawberry.type(description="The query root. Objects of other organizations are treated as non-existent.")
class Query:
    @strawberry.field(description="The organization and API key that the request is authenticated with.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer.of(info.context.caller)

    @strawberry.field(description="Rate limits of the viewer.")
    def rate_limit(self, info: Info) -> RateLimit | None:
        allowance = info.context.allowance
        return RateLimit.of(allowance, info.context.cost) if allowance else None

    @strawberry.field(description="Find an object by its ID; null if there is none.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="ID of an object of any type.")]
    ) -> Node | None:
        return await nodes.find(info.context, id, "Query.node")

    @strawberry.field(description="Find objects by their IDs, in the same order; null for an ID without an object.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="IDs of objects of any type: at most 100.")
        ],
    ) -> list[Node | None]:
        return cast("list[Node | None]", await nodes.find_many(info.context, ids))

    @strawberry.field(
        description="Find a bulk send by its ID; null if there is none. Requires the `bulk_sends.read` scope."
    )
    async def bulk_send(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="ID of the bulk send.")]
    ) -> BulkSend | None:
        bulk_send_id = arguments.uuid(ids.BULK_SEND, id)
        if not is_alone(info):
            return await nodes.bulk_send(info.context, bulk_send_id, "Query.bulkSend")
        if not info.context.may("Query.bulkSend", Scope.BULK_SENDS_READ) or bulk_send_id is None:
            return None
        row = await prefetch.bulk_send_with_documents(info, bulk_send_id)
        return BulkSend(row) if row else None

    @strawberry.field(description="List bulk sends, newest first by default. Requires the `bulk_sends.read` scope.")
    async def bulk_sends(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        status: Annotated[
            list[BulkSendStatus] | None,
            strawberry.argument(description="Return only bulk sends with one of these statuses."),
        ] = UNSET,
        search: Annotated[
            str | None,
            strawberry.argument(description="Return only items whose name contains this text, ignoring case."),
        ] = UNSET,
        template_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Return only bulk sends of this template.")
        ] = UNSET,
        external_id: Annotated[
            str | None, strawberry.argument(description="Return only items with this `externalId`.")
        ] = UNSET,
        created_after: Annotated[
            datetime | None, strawberry.argument(description="Return only bulk sends created at or after this time.")
        ] = UNSET,
        created_before: Annotated[
            datetime | None, strawberry.argument(description="Return only bulk sends created before this time.")
        ] = UNSET,
        order_by: Annotated[
            BulkSendOrder | None, strawberry.argument(description="The order of the list. Default: `CREATED_AT_DESC`.")
        ] = UNSET,
    ) -> Connection[BulkSend] | None:
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
            oldest_first=arguments.given(order_by) is BulkSendOrder.CREATED_AT_ASC,
            with_templates=prefetch.templates_wanted(info, below),
        )
        await prefetch.prefetch_documents(info, page.rows, below)
        return Connection(page, BulkSend, lambda: bulk_sends.count(context, filters))

    @strawberry.field(
        description="Find a document by its ID; null if there is none. Requires the `documents.read` "
        "or `bulk_sends.read` scope."
    )
    async def document(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="ID of the document.")]
    ) -> Document | None:
        return await nodes.document(info.context, arguments.uuid(ids.DOCUMENT, id), "Query.document")

    @strawberry.field(
        description=(
            "List documents of all bulk sends: newest bulk send first, each in the order of its signers. "
            "Requires the `documents.read` or `bulk_sends.read` scope."
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
            str | None, strawberry.argument(description="Return only documents sent to this address, ignoring case.")
        ] = UNSET,
        external_id: Annotated[
            str | None, strawberry.argument(description="Return only items with this `externalId`.")
        ] = UNSET,
        status: Annotated[
            list[DocumentStatus] | None,
            strawberry.argument(description="Return only documents with one of these statuses."),
        ] = UNSET,
        delivery_status: Annotated[
            list[DeliveryStatus] | None,
            strawberry.argument(description="Return only documents whose delivery has one of these statuses."),
        ] = UNSET,
        bulk_send_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Return only documents of this bulk send.")
        ] = UNSET,
        template_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Return only documents of this template.")
        ] = UNSET,
        created_after: Annotated[
            datetime | None, strawberry.argument(description="Return only documents created at or after this time.")
        ] = UNSET,
        created_before: Annotated[
            datetime | None, strawberry.argument(description="Return only documents created before this time.")
        ] = UNSET,
    ) -> Connection[Document] | None:
        context = info.context
        if not context.may("Query.documents", Scope.DOCUMENTS_READ, Scope.BULK_SENDS_READ):
            return None
        filters = document_rows.Filters(
            signer_email=arguments.email(signer_email, field="signerEmail"),
            external_id=arguments.text(external_id, field="externalId"),
            status=arguments.values(status),
            delivery_status=arguments.values(delivery_status),
            created_after=arguments.given(created_after),
            created_before=arguments.given(created_before),
            template_id=arguments.known_uuid(ids.TEMPLATE, template_id),
            bulk_send_id=arguments.known_uuid(ids.BULK_SEND, bulk_send_id),
        )
        page = await documents.read_page(context, arguments.page(first, after, last, before), filters)
        return Connection(page, Document, lambda: documents.count(context, filters))

    @strawberry.field(
        description="Find a template by its ID; null if there is none. Requires the `templates.read` scope."
    )
    async def template(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="ID of the template.")]
    ) -> Template | None:
        return await nodes.template(info.context, arguments.uuid(ids.TEMPLATE, id), "Query.template")

    @strawberry.field(description="List templates, newest first. Requires the `templates.read` scope.")
    async def templates(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        search: Annotated[
            str | None,
            strawberry.argument(description="Return only items whose name contains this text, ignoring case."),
        ] = UNSET,
    ) -> Connection[Template] | None:
        context = info.context
        if not context.may("Query.templates", Scope.TEMPLATES_READ):
            return None
        wanted = arguments.text(search, field="search")
        page = await templates.read_page(context, arguments.page(first, after, last, before), wanted)
        return Connection(page, Template, lambda: templates.count(context, wanted))
