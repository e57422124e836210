"""Finding things by their ids, whatever their type."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bulksend.db import ids
from bulksend.resolvers import bulk_sends, documents, templates
from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import BadUserInput
from bulksend.resolvers.viewer import Scope
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.documents import Document
from bulksend.schema.types.node import Node
from bulksend.schema.types.templates import Template
from bulksend.schema.types.viewer import ApiKey, Organization

MAXIMUM_IDS: Final = 100


async def find(context: Context, node_id: str, coordinate: str) -> Node | None:
    """Return the thing with this id, or None. Raise `Forbidden` without the scope to read its type."""
    try:
        prefix, value = ids.split(node_id)
    except ids.InvalidId:
        return None
    return await _find(context, prefix, value, coordinate)


async def find_many(context: Context, node_ids: Sequence[str]) -> list[Node | BaseException | None]:
    """Return things in the order of their ids, and in a thing's place what stood in its way: null for that one alone.

    Raise `BadUserInput` for more than 100.
    """
    if len(node_ids) > MAXIMUM_IDS:
        raise BadUserInput(f"ids must have at most {MAXIMUM_IDS} items.", field="ids")
    found = (find(context, node_id, "Query.nodes") for node_id in node_ids)
    return await asyncio.gather(*found, return_exceptions=True)


async def bulk_send(context: Context, value: UUID | None, coordinate: str) -> BulkSend | None:
    """Return one bulk send, or None."""
    if not context.may(coordinate, Scope.BULK_SENDS_READ) or value is None:
        return None
    row = await bulk_sends.get(context, value)
    return BulkSend(row) if row else None


async def document(context: Context, value: UUID | None, coordinate: str) -> Document | None:
    """Return one document, or None."""
    if not context.may(coordinate, Scope.DOCUMENTS_READ, Scope.BULK_SENDS_READ) or value is None:
        return None
    row = await documents.get(context, value)
    return Document(row) if row else None


async def template(context: Context, value: UUID | None, coordinate: str) -> Template | None:
    """Return one template, or None."""
    if not context.may(coordinate, Scope.TEMPLATES_READ) or value is None:
        return None
    row = await templates.get(context, value)
    return Template(row) if row else None


async def _find(context: Context, prefix: str, value: UUID, coordinate: str) -> Node | None:
    caller = context.caller
    match prefix:
        case ids.BULK_SEND:
            return await bulk_send(context, value, coordinate)
        case ids.DOCUMENT:
            return await document(context, value, coordinate)
        case ids.TEMPLATE:
            return await template(context, value, coordinate)
        case ids.ORGANIZATION if value == caller.organization_id:
            return Organization.of(caller)
        case ids.API_KEY if value == caller.api_key_id:
            return ApiKey.of(caller)
        case _:
            return None
