"""The lower bound: a handwritten handler for each workload. One statement, whose JSON is returned as is; no GraphQL.

A create executes Bulksend's own statements in the same order, without its validation.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop
from aiohttp import web

from bulksend.db import bulk_sends, templates
from bulksend.db.bulk_sends import NewBulkSend
from bulksend.db.pool import Pool, open_pool
from bulksend.resolvers.errors import Unauthenticated
from bulksend.resolvers.fast_validation import ValidSigner
from bulksend.server.http.authentication import Authenticator
from bulksend.server.listening import until_stopped

LARGEST_BODY = 10 << 20
Handler = Callable[[Pool, UUID, dict[str, Any]], Awaitable[str]]


def _statements() -> dict[str, str]:
    text = Path(__file__).with_name("floor.sql").read_text()
    parts = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {name.strip(): statement for name, _, statement in parts}


_SQL = _statements()


async def page(pool: Pool, organization_id: UUID, variables: dict[str, Any]) -> str:
    return str(await pool.fetchval(_SQL["Q1"], organization_id, variables["first"]))


async def one_with_documents(pool: Pool, organization_id: UUID, variables: dict[str, Any]) -> str:
    return str(await pool.fetchval(_SQL["Q2"], organization_id, UUID(variables["id"]), variables["documents"]))


async def page_with_documents(pool: Pool, organization_id: UUID, variables: dict[str, Any]) -> str:
    return str(await pool.fetchval(_SQL["Q3"], organization_id, variables["first"], variables["documents"]))


async def one(pool: Pool, organization_id: UUID, variables: dict[str, Any]) -> str:
    return str(await pool.fetchval(_SQL["S1"], organization_id, UUID(variables["id"])))


async def create(pool: Pool, organization_id: UUID, variables: dict[str, Any]) -> str:
    asked = variables["input"]
    signers = [ValidSigner(signer["name"], signer["email"], None, None, None, {}) for signer in asked["signers"]]
    async with pool.acquire() as conn:
        (template,) = await templates.get_many(conn, organization_id=organization_id, ids=[UUID(asked["templateId"])])
    text = bulk_sends.signers_text(signers)
    new = NewBulkSend(template.id, asked["name"], None, None, secrets.token_urlsafe(), bytes(32), text)
    async with pool.acquire() as conn:
        row = await bulk_sends.create(conn, organization_id=organization_id, interval=timedelta(), new=new)
    if row is None:
        raise web.HTTPTooManyRequests
    made = {
        "id": str(row.id),
        "name": row.name,
        "status": row.status.upper(),
        "totalCount": row.total_count,
        "sentCount": row.sent_count,
        "failedCount": row.failed_count,
        "pendingCount": row.pending_count,
    }
    return json.dumps({"data": {"createBulkSend": {"bulkSend": made}}})


HANDLERS: dict[str, Handler] = {
    "Q1": page,
    "Q2": one_with_documents,
    "Q3": page_with_documents,
    "S1": one,
    "M1": create,
}


async def main() -> None:
    """Serve until stopped."""
    async with open_pool(os.environ["BULKSEND_DATABASE_URL"]) as pool:
        authenticator = Authenticator(pool)

        async def answer(request: web.Request) -> web.Response:
            try:
                viewer = await authenticator.viewer(request.headers.get("Authorization"))
            except Unauthenticated:
                return web.Response(status=401)
            asked = json.loads(await request.read())
            text = await HANDLERS[asked["operationName"]](pool, viewer.organization_id, asked["variables"])
            return web.Response(text=text, content_type="application/json")

        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_post("/graphql", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await until_stopped(lambda: print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True))
        await runner.cleanup()


if __name__ == "__main__":
    # The event loop that Bulksend uses.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
