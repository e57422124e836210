"""The REST endpoints of bulk sends: list, create, get and delete. Rules are in the resolvers, as for GraphQL."""

from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from bulksend.db import ids
from bulksend.resolvers import bulk_sends, create_bulk_send
from bulksend.resolvers.create_bulk_send import CreateResult
from bulksend.resolvers.errors import BadUserInput, NotFound
from bulksend.resolvers.user_errors import MutationWarning
from bulksend.resolvers.viewer import Scope
from bulksend.server.http.admission import Admission
from bulksend.server.rest import problem_details
from bulksend.server.rest.models import (
    BulkSendDetails,
    BulkSendPage,
    CreatedBulkSend,
    DryRun,
    ListedBulkSend,
    Meta,
    OneBulkSend,
    OneCreatedBulkSend,
    OneDryRun,
    Representation,
)
from bulksend.server.rest.request import create_input, page_arguments, prefers_async

BULK_SENDS: Final = "/api/v1/bulk-sends"
BULK_SEND: Final = f"{BULK_SENDS}/{{id}}"
WARNINGS: Final = "Bulksend-Warnings"


def routes(admission: Admission) -> list[web.RouteDef]:
    """Return the routes of the REST API."""
    endpoints = _BulkSends(admission)
    return [
        web.get(BULK_SENDS, endpoints.read_page),
        web.post(BULK_SENDS, endpoints.create),
        web.options(BULK_SENDS, options(admission, "GET, HEAD, OPTIONS, POST")),
        web.get(BULK_SEND, endpoints.get),
        web.delete(BULK_SEND, endpoints.delete),
        web.options(BULK_SEND, options(admission, "DELETE, GET, HEAD, OPTIONS")),
    ]


class _BulkSends:
    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def read_page(self, request: web.Request) -> web.Response:
        context = await self._admission.enter(request, Scope.BULK_SENDS_READ)
        arguments, filters = page_arguments(request)
        try:
            page = await bulk_sends.read_page(context, arguments, filters)
        except BadUserInput:
            # The other arguments are checked above, so the cursor is invalid.
            raise BadUserInput("cursor is not one of this list with this status.", field="cursor") from None
        meta = Meta(
            count=len(page.rows),
            has_more=page.has_next_page,
            next_cursor=page.cursors[-1] if page.has_next_page else None,
        )
        return json_response(BulkSendPage(data=[ListedBulkSend.of(row) for row in page.rows], meta=meta))

    async def create(self, request: web.Request) -> web.Response:
        context = await self._admission.enter(request, Scope.BULK_SENDS_CREATE)
        return _created(request, await create_bulk_send.create(context, await create_input(request)))

    async def get(self, request: web.Request) -> web.Response:
        context = await self._admission.enter(request, Scope.BULK_SENDS_READ)
        row = await bulk_sends.get(context, bulk_send_id(request))
        if row is None:
            raise NotFound
        return json_response(OneBulkSend(data=BulkSendDetails.of(row)))

    async def delete(self, request: web.Request) -> web.Response:
        context = await self._admission.enter(request, Scope.BULK_SENDS_DELETE)
        if not await bulk_sends.delete(context, bulk_send_id(request)):
            raise NotFound
        return web.Response(status=204)


def bulk_send_id(request: web.Request) -> UUID:
    """Return the ID in a path. Raise `NotFound` if it is malformed."""
    try:
        return ids.decode(ids.BULK_SEND, request.match_info["id"])
    except ids.InvalidId:
        raise NotFound from None


def _created(request: web.Request, created: CreateResult) -> web.Response:
    if created.errors:
        return problem_details.of_user_errors(request, created.errors, created.warnings)
    if created.bulk_send is None:
        return json_response(OneDryRun(data=DryRun.of(created)))
    shown = CreatedBulkSend.of(created.bulk_send)
    response = json_response(OneCreatedBulkSend(data=shown), status=201)
    response.headers["Location"] = f"{BULK_SENDS}/{shown.id}"
    if prefers_async(request):
        response.headers["Preference-Applied"] = "respond-async"
    if created.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    if created.warnings:
        response.headers[WARNINGS] = _counted(created.warnings)
    return response


def _counted(warnings: Sequence[MutationWarning]) -> str:
    """Return the number of warnings of each code, as a structured field (RFC 9651)."""
    counts = Counter(warning.code for warning in warnings)
    return ", ".join(f"{code};count={count}" for code, count in sorted(counts.items()))


def json_response(body: Representation, status: int = 200) -> web.Response:
    """Return a JSON response that no shared cache may store."""
    return web.Response(
        text=body.model_dump_json(by_alias=True),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "private, no-store", "Vary": "Authorization"},
    )


def options(admission: Admission, allow: str) -> Handler:
    """Return the OPTIONS handler of a resource that allows these methods."""

    async def answer(request: web.Request) -> web.Response:
        await admission.count(request)
        return web.Response(status=204, headers={"Allow": allow})

    return answer
