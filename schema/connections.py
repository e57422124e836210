"""Connections of the Relay kind: https://relay.dev/graphql/connections.htm"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import strawberry

from bulksend.resolvers.pages import ConnectionPage

NodeType = TypeVar("NodeType")
Row = TypeVar("Row")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = strawberry.field(description="Whether `after: endCursor` gives more.")
    has_previous_page: bool = strawberry.field(description="Whether `before: startCursor` gives more.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor; null on an empty page.")


@strawberry.type(description="One row of a page.")
class Edge(Generic[NodeType]):
    """One row of a page."""

    cursor: str = strawberry.field(description="The row's place in this list with these filters; opaque.")
    node: NodeType = strawberry.field(description="The row.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeType]):
    """One page of a list. `count` is only called when `totalCount` is asked for."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="How many rows the filters leave in all pages; counted only when asked for.")
    async def total_count(self) -> int | None:
        """Count."""
        return await self.count()


def connect(
    page: ConnectionPage[Row],
    dress: Callable[[Row], NodeType],
    count: Callable[[], Awaitable[int]],
) -> Connection[NodeType]:
    """Dress a page of rows as a connection of nodes."""
    nodes = [dress(row) for row in page.rows]
    cursors = page.cursors
    return Connection(
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=_page_info(page, cursors),
        count=count,
    )


def _page_info(page: ConnectionPage[Row], cursors: Sequence[str]) -> PageInfo:
    return PageInfo(
        has_next_page=page.has_next_page,
        has_previous_page=page.has_previous_page,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
