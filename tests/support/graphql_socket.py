"""A minimal client of graphql-transport-ws."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from support.gateway import RunningGateway, Tenant

FOLLOW = "subscription($id: ID!) { bulkSend(id: $id) { id status totalCount sentCount pendingCount } }"
SECONDS = 10


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket to the gateway."""

    ws: aiohttp.ClientWebSocketResponse

    async def send(self, kind: str, **more: Any) -> None:
        await self.ws.send_json({"type": kind, **more})

    async def subscribe(self, operation_id: str, query: str, variables: Any = None, **more: Any) -> None:
        await self.send("subscribe", id=operation_id, payload={"query": query, "variables": variables, **more})

    async def receive(self) -> Any:
        """Return the next message. Raise if the socket is closed instead."""
        return await self.ws.receive_json(timeout=SECONDS)

    async def closed(self) -> int | None:
        """Read until the socket is closed and return the close code."""
        while not self.ws.closed:
            await self.ws.receive(timeout=SECONDS)
        return self.ws.close_code

    async def initialise(self, tenant: Tenant) -> None:
        await self.send("connection_init", payload={"authorization": f"Bearer {tenant.key}"})
        assert await self.receive() == {"type": "connection_ack"}


@asynccontextmanager
async def connect(
    gateway: RunningGateway,
    *,
    protocols: tuple[str, ...] = ("graphql-transport-ws",),
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Socket]:
    """Open a socket."""
    async with gateway.session.ws_connect(f"{gateway.url}/graphql", protocols=protocols, headers=headers) as ws:
        yield Socket(ws)


@asynccontextmanager
async def initialised(gateway: RunningGateway, tenant: Tenant) -> AsyncIterator[Socket]:
    """Open a socket and wait for `connection_ack`."""
    async with connect(gateway) as socket:
        await socket.initialise(tenant)
        yield socket
