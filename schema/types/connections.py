"""Connections of the Relay kind: https://relay.dev/graphql/connections.htm"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import strawberry

from bulksend.execution.row_mapping import Listed, Made, dressed
from bulksend.resolvers.pages import ConnectionPage

NodeType = TypeVar("NodeType")


@dressed(
    has_next_page=Made(lambda self: self.row.has_next_page),
    has_previous_page=Made(lambda self: self.row.has_previous_page),
    start_cursor=Made(lambda self: self.row.start_cursor),
    end_cursor=Made(lambda self: self.row.end_cursor),
)
@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = strawberry.field(description="Whether `after: endCursor` gives more.")
    has_previous_page: bool = strawberry.field(description="Whether `before: startCursor` gives more.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor; null on an empty page.")
    row: strawberry.Private[ConnectionPage[Any]]

    def __init__(self, page: ConnectionPage[Any]) -> None:
        self.row = page


@dressed(
    cursor=Made(lambda self: self.connection.page.encode(self.row)),
    node=Made(lambda self: self.connection.dress(self.row)),
)
@strawberry.type(description="One row of a page.")
class Edge(Generic[NodeType]):
    """One row of a page."""

    cursor: str = strawberry.field(description="The row's place in this list with these filters; opaque.")
    node: NodeType = strawberry.field(description="The row.")
    connection: strawberry.Private[Any]
    row: strawberry.Private[Any]

    def __init__(self, connection: "Connection[NodeType]", row: object) -> None:
        self.connection = connection
        self.row = row


@dressed(
    edges=Made(lambda self: [Edge(self, row) for row in self.page.rows]),
    nodes=Listed(lambda self: self.page.rows, lambda self: self.dress),
    page_info=Made(lambda self: PageInfo(self.page)),
)
@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeType]):
    """One page of a list. `count` is only called when `totalCount` is asked for."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    page: strawberry.Private[ConnectionPage[Any]]
    dress: strawberry.Private[Callable[[Any], NodeType]]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    def __init__(
        self, page: ConnectionPage[Any], dress: Callable[[Any], NodeType], count: Callable[[], Awaitable[int]]
    ) -> None:
        self.page = page
        self.dress = dress
        self.count = count

    @strawberry.field(description="How many rows the filters leave in all pages; counted only when asked for.")
    async def total_count(self) -> int | None:
        """Count."""
        return await self.count()
