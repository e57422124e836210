"""Admission of requests, the same for GraphQL and REST: authentication, then the request rate."""

from contextlib import suppress
from functools import partial
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from bulksend.db.errors import ANY_FAILURE
from bulksend.resolvers.context import Allowance, Context, Gateway
from bulksend.resolvers.errors import RequestRateLimited, Unauthenticated, Unavailable
from bulksend.resolvers.viewer import Scope, Viewer
from bulksend.server.http.authentication import Authenticator
from bulksend.server.http.client_address import ClientAddresses
from bulksend.server.http.cors import API_PATHS
from bulksend.server.http.request_ids import REQUEST_ID
from bulksend.server.http.request_limit import RequestLimit
from bulksend.server.http.response_headers import ALLOWANCE


class Admitted(NamedTuple):
    """The viewer of a request and the quota of their key.

    `refusal`: set if this request exceeds the rate. The caller raises it, after checking the scope.
    """

    viewer: Viewer | None
    allowance: Allowance | None
    refusal: RequestRateLimited | None = None


class Admission:
    """Admits requests to one process."""

    def __init__(
        self, gateway: Gateway, authenticator: Authenticator, request_limit: RequestLimit, addresses: ClientAddresses
    ) -> None:
        self._gateway = gateway
        self._addresses = addresses
        self._authenticator = authenticator
        self._request_limit = request_limit

    async def admit(self, request: web.Request) -> Admitted:
        """Return the viewer, None without an Authorization header. Raise `Unauthenticated`."""
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return Admitted(None, None)
        viewer = await self._authenticator.viewer(authorization)
        allowance, refusal = await self._request_limit.hit(viewer)
        request[ALLOWANCE] = allowance
        return Admitted(viewer, allowance, refusal)

    async def enter(self, request: web.Request, scope: Scope) -> Context:
        """Admit a request that needs a scope, refusing in this order: authentication, scope, request rate."""
        admitted = await self.admit(request)
        context = self.context(request, admitted)
        context.require(scope)
        if admitted.refusal is not None:
            raise admitted.refusal
        return context

    async def count(self, request: web.Request) -> None:
        """Count a request that needs no authentication, so that its response has the rate-limit headers too."""
        with suppress(Unauthenticated, *ANY_FAILURE):
            await self.admit(request)

    @web.middleware
    async def count_unrouted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count a request to an API that no route is for."""
        if request.path.startswith(API_PATHS):
            await self.count(request)
        return await handler(request)

    def context(self, request: web.Request, admitted: Admitted) -> Context:
        """Return the context of the request's resolvers."""
        return Context(
            self._gateway,
            admitted.viewer,
            admitted.allowance,
            request[REQUEST_ID],
            partial(self._addresses.source, request),
        )


def challenge(error: Exception) -> dict[str, str]:
    """Return the headers that an error requires: `WWW-Authenticate` or `Retry-After`."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="bulksend"'}
    if isinstance(error, RequestRateLimited | Unavailable):
        return {"Retry-After": str(error.retry_after)}
    return {}
