"""Operations over a WebSocket, each authenticated, counted and limited like a request over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import structlog
from aiohttp import web
from strawberry.types.execution import ExecutionResult

from bulksend.db.errors import UNAVAILABLE
from bulksend.resolvers.context import Context, Gateway
from bulksend.resolvers.errors import DomainError, Unauthenticated, database_away
from bulksend.schema.build import Schema
from bulksend.server.graphql.persisted_queries import PersistedQueries
from bulksend.server.graphql.request import GraphQLRequest, read_parameters
from bulksend.server.graphql.response import masked_errors, refusal_errors, result_body
from bulksend.server.http.authentication import Authenticator
from bulksend.server.http.client_address import ClientAddresses
from bulksend.server.http.json_body import RequestRefused
from bulksend.server.http.request_ids import REQUEST_ID
from bulksend.server.http.request_limit import RequestLimit

Message: TypeAlias = dict[str, Any]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Operations:
    """Runs operations for the sockets of one process."""

    schema: Schema
    gateway: Gateway
    authenticator: Authenticator
    request_limit: RequestLimit
    persisted_queries: PersistedQueries
    addresses: ClientAddresses

    async def run(
        self, payload: object, request: web.Request, *, authorization: str | None
    ) -> AsyncGenerator[Message, None]:
        """Yield the messages of an operation, without its ID: each `next`, then `complete`; or a single `error`.

        `payload`: the parameters of GraphQL over HTTP. `request`: the one that opened the socket. Raise
        `Unauthenticated`.
        """
        request_id = request[REQUEST_ID]
        try:
            context = await self._admit(authorization, request)
            asked = read_parameters(payload)
            async with aclosing(self._results(asked, context)) as results:
                async for body in results:
                    if "data" not in body:
                        yield _error(body["errors"])
                        return
                    yield {"type": "next", "payload": body}
            yield {"type": "complete"}
        except Unauthenticated:
            raise
        except (DomainError, RequestRefused) as refusal:
            yield _error(refusal_errors(refusal))
        except UNAVAILABLE as error:
            log.error("the database is away", error=type(error).__name__)
            yield _error(refusal_errors(database_away()))
        except Exception:
            log.exception("operation failed", request_id=request_id)
            yield _error(masked_errors(request_id))

    async def _admit(self, authorization: str | None, request: web.Request) -> Context:
        viewer = await self.authenticator.viewer(authorization)
        allowance, refusal = await self.request_limit.hit(viewer)
        if refusal is not None:
            raise refusal
        source_of = partial(self.addresses.source, request)
        return Context(self.gateway, viewer, allowance, request[REQUEST_ID], source_of)

    async def _results(self, asked: GraphQLRequest, context: Context) -> AsyncGenerator[Message, None]:
        results = await self.schema.stream(
            await self.persisted_queries.query(asked, context.viewer),
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            operation_extensions=asked.extensions,
        )
        stored = False
        async with aclosing(results):
            async for result in results:
                if not isinstance(result, ExecutionResult):
                    raise TypeError("@defer and @stream are off")
                body = result_body(result)
                if not stored and "data" in body:
                    await self.persisted_queries.store(asked, context.viewer)
                    stored = True
                yield body


def _error(errors: list[dict[str, Any]]) -> Message:
    return {"type": "error", "payload": errors}
