"""Connections of the Relay kind and their arguments: https://relay.dev/graphql/connections.htm"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, cast

import strawberry

from bulksend.execution import ListField, RowList, row_type
from bulksend.resolvers.pages import ConnectionPage

NodeType = TypeVar("NodeType")


@row_type()
@strawberry.type(description="Information about a page of a connection.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there are more items after `endCursor`.")
    has_previous_page: bool = strawberry.field(description="Whether there are more items before `startCursor`.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item; null if the page is empty.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item; null if the page is empty.")
    row: strawberry.Private[ConnectionPage[Any]]

    def __init__(self, page: ConnectionPage[Any]) -> None:
        self.row = page


@row_type(
    cursor=ListField(lambda row, connection: connection.page.encode(row)),
    node=ListField(lambda row, connection: connection.of(row), is_item=True),
)
@strawberry.type(description="An item of a page and its cursor.")
class Edge(Generic[NodeType]):
    cursor: str = strawberry.field(description="Opaque position in this list, valid with the same filters only.")
    node: NodeType = strawberry.field(description="The item.")
    row: strawberry.Private[Any]
    source: strawberry.Private[Any]

    def __init__(self, row: object, source: "Connection[NodeType]") -> None:
        self.row = row
        self.source = source


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeType]):
    page: strawberry.Private[ConnectionPage[Any]]
    of: strawberry.Private[Callable[[Any], NodeType]]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    def __init__(
        self, page: ConnectionPage[Any], of: Callable[[Any], NodeType], count: Callable[[], Awaitable[int]]
    ) -> None:
        self.page = page
        self.of = of
        self.count = count

    @strawberry.field(description="The items of this page, each with its cursor.")
    def edges(self) -> list[Edge[NodeType]]:
        return cast("list[Edge[NodeType]]", RowList(self.page.rows, Edge, source=self))

    @strawberry.field(description="The items of this page.")
    def nodes(self) -> list[NodeType]:
        return cast("list[NodeType]", RowList(self.page.rows, self.of))

    @strawberry.field(description="Information for requesting the pages before and after this one.")
    def page_info(self) -> PageInfo:
        return PageInfo(self.page)

    @strawberry.field(description="Total number of items that match the filters. Counted only if selected.")
    async def total_count(self) -> int | None:
        return await self.count()


First: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the first _n_ items: 1–100. Default: 25.")
]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the last _n_ items: 1–100. Cannot be combined with `first`.")
]
First500: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the first _n_ items: 1–500. Default: 25.")
]
Last500: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the last _n_ items: 1–500. Cannot be combined with `first`.")
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Return items after this cursor.")]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Return items before this cursor.")]
