"""Connections of the Relay kind: https://relay.dev/graphql/connections.htm"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, cast

import strawberry

from bulksend.execution import ListField, RowList, row_type
from bulksend.resolvers.pages import ConnectionPage

NodeType = TypeVar("NodeType")


@row_type()
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


@row_type(
    cursor=ListField(lambda row, connection: connection.page.encode(row)),
    node=ListField(lambda row, connection: connection.of(row), is_item=True),
)
@strawberry.type(description="One row of a page.")
class Edge(Generic[NodeType]):
    """One row of a page."""

    cursor: str = strawberry.field(description="The row's place in this list with these filters; opaque.")
    node: NodeType = strawberry.field(description="The row.")
    row: strawberry.Private[Any]
    source: strawberry.Private[Any]

    def __init__(self, row: object, source: "Connection[NodeType]") -> None:
        self.row = row
        self.source = source


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeType]):
    """One page of a list. `of`: the class of its nodes. `count` is only called when `totalCount` is asked for."""

    page: strawberry.Private[ConnectionPage[Any]]
    of: strawberry.Private[Callable[[Any], NodeType]]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    def __init__(
        self, page: ConnectionPage[Any], of: Callable[[Any], NodeType], count: Callable[[], Awaitable[int]]
    ) -> None:
        self.page = page
        self.of = of
        self.count = count

    @strawberry.field(description="The rows with their cursors.")
    def edges(self) -> list[Edge[NodeType]]:
        """List them."""
        return cast("list[Edge[NodeType]]", RowList(self.page.rows, Edge, source=self))

    @strawberry.field(description="The rows alone.")
    def nodes(self) -> list[NodeType]:
        """List them."""
        return cast("list[NodeType]", RowList(self.page.rows, self.of))

    @strawberry.field(description="Where this page lies in the list.")
    def page_info(self) -> PageInfo:
        """Tell."""
        return PageInfo(self.page)

    @strawberry.field(description="How many rows the filters leave in all pages; counted only when asked for.")
    async def total_count(self) -> int | None:
        """Count."""
        return await self.count()
