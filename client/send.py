"""The steps of `bulksend send`: check, create, follow, and return the outcome of each row."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bulksend.client.create_input import Order, Sheet
from bulksend.client.gateway import GatewayClient, GatewayRefused
from bulksend.client.recipients import Recipient, Recipients

SHORTEST_PAUSE: Final = 0.25
# A key has 120 requests per minute and may have other users, so following uses at most 30 of them.
LONGEST_PAUSE: Final = 2.0

_PREPARE: Final = """
query PrepareBulkSend($templateId: ID!) {
  viewer { apiKey { scopes } }
  template(id: $templateId) { mergeFields }
}
"""
_CREATE: Final = """
mutation CreateBulkSend($input: CreateBulkSendInput!) {
  createBulkSend(input: $input) {
    bulkSend { id totalCount }
    dryRun { totalCount nextBulkSendAt previewSubject previewText }
    replayed
    userErrors { code field message retryAfter }
    warnings { code field message }
  }
}
"""
_FOLLOW: Final = "query FollowBulkSend($id: ID!) { bulkSend(id: $id) { status sentCount failedCount } }"
_OUTCOME: Final = """
query BulkSendOutcome($id: ID!) {
  bulkSend(id: $id) {
    documents(first: 500) { nodes { id signerIndex delivery { status error { code message } } } }
  }
}
"""
_NEEDED: Final = ("bulk_sends.read", "bulk_sends.create")
_RATE_LIMITED: Final = "RATE_LIMITED"

Show = Callable[[int, int], None]


class Refused(Exception):
    """Nothing was sent, or the outcome is unknown; `messages` are the reasons, one per line."""

    def __init__(self, *messages: str) -> None:
        self.messages = messages
        super().__init__(f"{len(messages)} problems")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a row. `status`: a DeliveryStatus; the error is empty if there is none."""

    recipient: Recipient
    document_id: str
    status: str
    error_code: str
    error_message: str


@dataclass(slots=True)
class Sending:
    """A run of the command.

    Once `asked`, the gateway may have created the bulk send, and `idempotency_key` finds it; `bulk_send_id` is set by
    the response.
    """

    client: GatewayClient
    order: Order
    file: str
    recipients: Recipients
    note: Callable[[str], None]
    idempotency_key: str = ""
    bulk_send_id: str = ""
    asked: bool = False

    async def preview(self) -> Any:
        """Return the `DryRun` of this input. Raise `Refused`."""
        return (await self._create(dry_run=True))["dryRun"]

    async def start(self) -> int:
        """Create the bulk send, or find the one created by an earlier run, and return its size. Raise `Refused`.

        The create does not wait for delivery, so that a lost connection is noticed early.
        """
        created = await self._create(dry_run=False)
        self.bulk_send_id = created["bulkSend"]["id"]
        if created["replayed"]:
            self.note(f"The gateway has this bulk send already ({self.bulk_send_id}): nothing is sent twice.")
        else:
            self.note(f"Bulk send {self.bulk_send_id} is accepted.")
        return int(created["bulkSend"]["totalCount"])

    async def follow(self, show: Show) -> None:
        """Wait until nothing is pending, calling `show` with the progress. Raise `Refused`."""
        pause = SHORTEST_PAUSE
        while True:
            found = await self._ask_for_bulk_send(_FOLLOW)
            show(found["sentCount"], found["failedCount"])
            if found["status"] != "PROCESSING":
                return
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, LONGEST_PAUSE)

    async def outcomes(self) -> list[Outcome]:
        """Return the outcome of each row, in the order of the file. Raise `Refused`."""
        documents = (await self._ask_for_bulk_send(_OUTCOME))["documents"]["nodes"]
        return [_outcome(self.recipients.rows[document["signerIndex"]], document) for document in documents]

    async def _create(self, *, dry_run: bool) -> Any:
        sheet = await self._sheet()
        problems = sheet.problems()
        if sheet.is_empty() or sheet.is_too_long():
            raise Refused(*map(sheet.told, problems))
        # Problems of the file are reported together with the gateway's.
        only_check = dry_run or bool(problems)
        payload = await self._ask_to_create(sheet, dry_run=only_check)
        errors = [*map(sheet.told, problems), *sheet.told_errors(payload["userErrors"], problems)]
        if errors:
            raise Refused(*errors, *_when_again(payload["userErrors"]))
        for warning in sheet.told_warnings(payload["warnings"]):
            self.note(f"Note: {warning}")
        return payload

    async def _sheet(self) -> Sheet:
        # A wrong URL should be reported soon.
        prepared = await self.client.ask(_PREPARE, {"templateId": self.order.template_id}, tries=2)
        granted = prepared["viewer"]["apiKey"]["scopes"]
        if missing := [scope for scope in _NEEDED if not {scope, "bulk_sends.*", "*"}.intersection(granted)]:
            raise Refused(f"The API key lacks {' and '.join(missing)}.")
        if prepared["template"] is None:
            raise Refused("--template: there is no such template in the organization of this API key")
        sheet = Sheet.of(self.file, self.recipients, prepared["template"]["mergeFields"])
        for note in sheet.notes():
            self.note(f"Note: {note}")
        return sheet

    async def _ask_to_create(self, sheet: Sheet, *, dry_run: bool) -> Any:
        create = sheet.create_input(self.order)
        self.idempotency_key = create["idempotencyKey"]
        self.asked = not dry_run
        try:
            payload = (await self.client.ask(_CREATE, {"input": {**create, "dryRun": dry_run}}))["createBulkSend"]
        except GatewayRefused as refused:
            self.asked = self.asked and refused.may_have_run
            raise
        self.asked = payload["bulkSend"] is not None
        return payload

    async def _ask_for_bulk_send(self, query: str) -> Any:
        found = (await self.client.ask(query, {"id": self.bulk_send_id}))["bulkSend"]
        if found is None:
            raise Refused(f"Bulk send {self.bulk_send_id} was deleted meanwhile.")
        return found


def _outcome(recipient: Recipient, document: Any) -> Outcome:
    delivery = document["delivery"]
    error = delivery["error"] or {"code": "", "message": ""}
    return Outcome(recipient, document["id"], delivery["status"], error["code"], error["message"])


def _when_again(user_errors: list[dict[str, Any]]) -> list[str]:
    waits = [error["retryAfter"] for error in user_errors if error["code"] == _RATE_LIMITED]
    if not waits:
        return []
    at = datetime.now().astimezone() + timedelta(seconds=max(waits))
    return [f"Nothing was sent. Run the same command again at {at:%H:%M:%S} or later."]
