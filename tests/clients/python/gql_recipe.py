from collections.abc import AsyncIterator
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportQueryError

BULK_SENDS = """
query BulkSends($first: Int!, $after: String) {
  bulkSends(first: $first, after: $after) { nodes { id name status } pageInfo { hasNextPage endCursor } }
}
"""
SEND = """
mutation Send($input: CreateBulkSendInput!) {
  createBulkSend(input: $input) { bulkSend { id name status } replayed userErrors { code field message } }
}
"""
WATCH = "subscription Watch($id: ID!) { bulkSend(id: $id) { status sentCount failedCount pendingCount } }"


class RefusedError(Exception):
    """The input was refused: a list of dictionaries with `code`, `field` and `message`."""

    def __init__(self, user_errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(error["message"] for error in user_errors))
        self.user_errors = user_errors


def connect(url: str, key: str) -> Client:
    return Client(transport=AIOHTTPTransport(url, headers={"Authorization": f"Bearer {key}"}))


async def bulk_send_names(client: Client, first: int = 100) -> list[str]:
    names: list[str] = []
    after = None
    async with client as session:
        while True:
            request = GraphQLRequest(BULK_SENDS, variable_values={"first": first, "after": after})
            page = (await session.execute(request))["bulkSends"]
            names += [node["name"] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return names
            after = page["pageInfo"]["endCursor"]


async def send(client: Client, sent: dict[str, Any]) -> dict[str, Any]:
    """Create a bulk send; `sent["idempotencyKey"]` is made before the first attempt, with `str(uuid4())`."""
    async with client as session:
        done = await session.execute(GraphQLRequest(SEND, variable_values={"input": sent}))
    if done["createBulkSend"]["userErrors"]:
        raise RefusedError(done["createBulkSend"]["userErrors"])
    bulk_send: dict[str, Any] = done["createBulkSend"]["bulkSend"]
    return bulk_send


async def watch(url: str, key: str, bulk_send_id: str) -> AsyncIterator[str]:
    transport = AIOHTTPWebsocketsTransport(
        url.replace("http", "ws", 1),
        subprotocols=[AIOHTTPWebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        init_payload={"authorization": f"Bearer {key}"},
    )
    async with Client(transport=transport) as session:
        async for event in session.subscribe(GraphQLRequest(WATCH, variable_values={"id": bulk_send_id})):
            if event["bulkSend"]:
                yield event["bulkSend"]["status"]


def codes(error: TransportQueryError) -> list[str]:
    """Return the codes of a refused request, such as `UNAUTHENTICATED`."""
    return [each["extensions"]["code"] for each in error.errors or []]
