"""Compare the responses of all servers, and the rows they create, before measuring."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import aiohttp
from bench.peers.canonical import canonical
from bench.peers.database import Database
from bench.peers.load import BadAnswer
from bench.peers.servers import Server
from bench.peers.workloads import Request, Requests, Workload


async def check(workload: Workload, servers: Iterable[Server], database: Database) -> dict[str, frozenset[int]]:
    """Compare the servers' responses, and return the possible response lengths of each server.

    The lengths are empty if only some of the requests were compared. Raise `BadAnswer` if responses differ.
    """
    lengths = {}
    first: tuple[str, list[Any]] | None = None
    async with aiohttp.ClientSession() as session:
        for server in servers:
            requests = Requests(workload, server.dialect, database)
            compared = requests.compared()
            bodies = [await _ask(session, server, request) for request in compared]
            is_complete = not workload.is_unseen and len(compared) == len(requests.sent(0, 1))
            lengths[server.name] = frozenset(map(len, bodies)) if is_complete else frozenset()
            answers = [canonical(json.loads(body)["data"]) for body in bodies]
            if workload.writes:
                answers = [await _created(answer, database) for answer in answers]
            first = first or (server.name, answers)
            _compare(workload.name, first, (server.name, answers))
    await _refuses_strangers(workload, servers, database)
    return lengths


async def _ask(session: aiohttp.ClientSession, server: Server, request: Request) -> bytes:
    headers = {"Authorization": f"Bearer {request.tenant.key}", "Accept": "application/json"}
    async with session.post(f"{server.url}/graphql", json=request.body, headers=headers) as response:
        body = await response.read()
    if response.status != 200 or "errors" in json.loads(body):
        raise BadAnswer(f"{server.name}: {response.status} {body[:2000].decode()}\n{''.join(server.said)}")
    return body


async def _created(answer: Any, database: Database) -> Any:
    bulk_send = answer["createBulkSend"]["bulkSend"]
    stored = await database.documents(UUID(bulk_send["id"]))
    return {**bulk_send, "id": None, "documents": stored}


def _compare(workload: str, one: tuple[str, list[Any]], other: tuple[str, list[Any]]) -> None:
    for expected, given in zip(one[1], other[1], strict=True):
        if expected != given:
            raise BadAnswer(f"{workload}: {one[0]} and {other[0]} differ:\n{_difference(expected, given)}")


def _difference(expected: Any, given: Any, path: str = "") -> str:
    if isinstance(expected, dict) and isinstance(given, dict) and expected.keys() == given.keys():
        pairs = [(f"{path}.{key}", expected[key], given[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(given, list) and len(expected) == len(given):
        pairs = [(f"{path}[{index}]", *both) for index, both in enumerate(zip(expected, given, strict=True))]
    else:
        return f"{path}: {expected!r:.300} and {given!r:.300}"
    return next(_difference(left, right, where) for where, left, right in pairs if left != right)


async def _refuses_strangers(workload: Workload, servers: Iterable[Server], database: Database) -> None:
    """Raise `BadAnswer` if a server answers without a key, or returns one tenant's rows for another's key."""
    async with aiohttp.ClientSession() as session:
        for server in servers:
            request = Requests(workload, server.dialect, database).compared()[0]
            async with session.post(f"{server.url}/graphql", json=request.body) as response:
                if _has_data(await response.read()):
                    raise BadAnswer(f"{server.name} answers {workload.name} to anybody")
            if "id" not in request.body["variables"]:
                continue
            other = {"Authorization": f"Bearer {database.tenants[1].key}"}
            async with session.post(f"{server.url}/graphql", json=request.body, headers=other) as response:
                if _has_data(await response.read()):
                    raise BadAnswer(f"{server.name} shows one tenant what is another's in {workload.name}")


def _has_data(body: bytes) -> bool:
    try:
        data = json.loads(body).get("data")
    except ValueError:
        return False
    return bool(data) and any(data.values())
