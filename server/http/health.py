"""`/healthz`, `/readyz` and `/metrics`, for operators."""

import asyncio
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bulksend.db import circuit, migrations
from bulksend.db.circuit import CircuitRow
from bulksend.db.errors import UNREACHABLE
from bulksend.db.pool import Pool
from bulksend.db.read_replica import ReadReplica
from bulksend.schema.types.scalars import write_datetime
from bulksend.server.supervision import Supervisor

READY_SECONDS = 3.0


def routes(
    pool: Pool, supervisor: Supervisor, replica: ReadReplica | None = None, *, only_delivers: bool = False
) -> list[web.RouteDef]:
    """Return the operators' routes.

    `/readyz` reports whether the SMTP server is available, but only a process that `only_delivers` is not ready without
    it: a gateway still accepts bulk sends. No process is ready while a background task waits for its restart. A process
    without its read replica is ready, and reports it.
    """

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def ready(_request: web.Request) -> web.Response:
        told, is_ready = await _readiness(pool)
        if down := supervisor.down:
            told["backgroundTasks"] = dict.fromkeys(down, "restarting")
        if replica and replica.is_away:
            told["readReplica"] = "away"
        paused = "delivery" in told
        status = 200 if is_ready and not down and not (paused and only_delivers) else 503
        return web.json_response({"status": "ready" if status == 200 else "not ready", **told}, status=status)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)]


async def _readiness(pool: Pool) -> tuple[dict[str, Any], bool]:
    """Return the report, and whether the database is reachable and its migrations are current."""
    try:
        async with asyncio.timeout(READY_SECONDS), pool.acquire() as conn:
            await migrations.check(conn)
            open_circuit = await circuit.circuit_state(conn)
    except UNREACHABLE:
        return {"problem": "the database cannot be reached"}, False
    except (migrations.MigrationsPending, migrations.DatabaseIsNewer) as error:
        return {"problem": str(error)}, False
    return ({"delivery": _paused(open_circuit)} if open_circuit else {}), True


def _paused(open_circuit: CircuitRow) -> dict[str, Any]:
    # The SMTP server's reply is left out, because it may contain an address.
    return {
        "status": "paused",
        "code": open_circuit.error_code,
        "smtpCode": open_circuit.smtp_code,
        "since": write_datetime(open_circuit.opened_at),
    }
