from collections.abc import AsyncIterator

from bulksend_client import Bulksend, CreateBulkSendInput
from bulksend_client.send import SendCreateBulkSendBulkSend, SendCreateBulkSendUserErrors


class RefusedError(Exception):
    """The input was refused: each problem with its `code`, `field` and `message`."""

    def __init__(self, user_errors: list[SendCreateBulkSendUserErrors]) -> None:
        super().__init__("; ".join(error.message for error in user_errors))
        self.user_errors = user_errors


def connect(url: str, key: str) -> Bulksend:
    authorization = f"Bearer {key}"
    return Bulksend(
        url=url,
        headers={"Authorization": authorization},
        ws_url=url.replace("http", "ws", 1),
        ws_connection_init_payload={"authorization": authorization},
    )


async def bulk_send_names(client: Bulksend, first: int = 100) -> list[str]:
    names: list[str] = []
    after = None
    while True:
        page = (await client.bulk_sends(first=first, after=after)).bulk_sends
        assert page  # None only without the scope bulk_sends.read
        names += [node.name for node in page.nodes]
        if not page.page_info.has_next_page:
            return names
        after = page.page_info.end_cursor


async def send(client: Bulksend, sent: CreateBulkSendInput) -> SendCreateBulkSendBulkSend:
    """Create a bulk send; `sent.idempotency_key` is made before the first attempt, with `str(uuid4())`."""
    done = (await client.send(input=sent)).create_bulk_send
    assert done  # errors of the whole request are raised by the client
    if done.user_errors:
        raise RefusedError(done.user_errors)
    assert done.bulk_send
    return done.bulk_send


async def watch(client: Bulksend, bulk_send_id: str) -> AsyncIterator[str]:
    async for event in client.watch(id=bulk_send_id):
        if event.bulk_send:
            yield event.bulk_send.status
