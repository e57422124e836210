"""This schema as a subgraph of Apollo Federation 2: a superset of the public one, for routers.

https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec
"""

import asyncio
import re
from typing import Annotated, Final, NewType, TypeAlias, cast

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.scalar import ScalarDefinition

from bulksend.db import ids
from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import BadUserInput
from bulksend.schema import arguments
from bulksend.schema.query import Query
from bulksend.schema.types import nodes
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.documents import Document
from bulksend.schema.types.info import Info
from bulksend.schema.types.templates import Template

_COORDINATE: Final = "Query._entities"
_QUERY: Final = get_object_definition(Query, strict=True).description
_LINK: Final = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", '
    'import: ["@inaccessible", "@key", "@shareable"])'
)
# `Node` is every subgraph's own: what a router showed of it would find the things of one subgraph only. Its fields are
# shareable because composition asks that of whatever several subgraphs have, also of what nobody can see.
_MARKS: Final = (
    (r"^type (BulkSend|Document|Template) .*(?= {$)", r'\g<0> @key(fields: "id")'),
    (r"^type PageInfo(?= {$)", r"\g<0> @shareable"),
    (r"^interface Node(?= {$)", r"\g<0> @inaccessible"),
    (r"^  .*: (\[Node\]!|Node)$", r"\g<0> @shareable @inaccessible"),
)

Representation = NewType("Representation", object)
REPRESENTATION: Final[ScalarDefinition] = strawberry.scalar(
    name="_Any",
    description='The reference of a router to an entity: `{"__typename": "BulkSend", "id": "bs_…"}`.',
    serialize=lambda value: value,
    parse_value=lambda value: value,
)
Entity: TypeAlias = Annotated[
    BulkSend | Document | Template,
    strawberry.union("_Entity", description="Types that other subgraphs may reference by ID."),
]


def asks_the_subgraph(query: str | None) -> bool:
    """Return whether a document may name a field that only the subgraph has; it has all the others too."""
    return query is not None and ("_entities" in query or "_service" in query)


def subgraph_sdl(sdl: str) -> str:
    """Return a schema with what composition needs to know."""
    for pattern, marked in _MARKS:
        sdl = re.sub(pattern, marked, sdl, flags=re.MULTILINE)
    return f"{_LINK}\n\n{sdl}"


@strawberry.type(name="Query", description=_QUERY)
class Entities(Query):
    @strawberry.field(
        name="_entities", description="Entities in the order of their representations; null if there is none."
    )
    async def entities(
        self,
        info: Info,
        representations: Annotated[
            list[Representation], strawberry.argument(description="References to the entities.")
        ],
    ) -> list[Entity | None]:
        """Find them, with one statement for each type."""
        found = (_find(info.context, representation) for representation in representations)
        return cast("list[Entity | None]", await asyncio.gather(*found, return_exceptions=True))


@strawberry.type(name="_Service", description="This subgraph.")
class Service:
    sdl: str = strawberry.field(description="This subgraph's schema.")


@strawberry.type(name="Query", description=_QUERY)
class Subgraph(Entities):
    @strawberry.field(name="_service", description="This subgraph, for composition.")
    def service(self, info: Info) -> Service:
        return Service(sdl=info.schema.as_str())


async def _find(context: Context, representation: object) -> BulkSend | Document | Template | None:
    match representation:
        case {"__typename": "BulkSend", "id": str(id)}:
            return await nodes.bulk_send(context, arguments.uuid(ids.BULK_SEND, id), _COORDINATE)
        case {"__typename": "Document", "id": str(id)}:
            return await nodes.document(context, arguments.uuid(ids.DOCUMENT, id), _COORDINATE)
        case {"__typename": "Template", "id": str(id)}:
            return await nodes.template(context, arguments.uuid(ids.TEMPLATE, id), _COORDINATE)
        case _:
            message = "A representation must have the __typename of an entity and its id."
            raise BadUserInput(message, field="representations")
