"""The whole gateway on one screen: every route and what wraps them."""

from collections.abc import Sequence

from aiohttp import web

from bulksend.schema.build import build_schema
from bulksend.schema.executors import Executors
from bulksend.server import graphiql, health, openapi_page, problem_details, rest, signing
from bulksend.server.admission import Admission
from bulksend.server.cors import Origins
from bulksend.server.graphql import GraphQLView
from bulksend.server.graphql_multipart import Streams
from bulksend.server.graphql_ws import Sockets
from bulksend.server.graphql_ws_operations import Operations
from bulksend.server.json_body import LARGEST_BODY
from bulksend.server.persisted_queries import PersistedQueries
from bulksend.server.request_ids import request_ids
from bulksend.server.response_headers import add_headers
from bulksend.server.unexpected import unexpected
from bulksend.server.wiring import Parts


def build_app(
    parts: Parts, *, demo_key: str | None = None, demo_template: str | None = None, extra: Sequence[web.RouteDef] = ()
) -> web.Application:
    """Build the application. `demo_key`, `demo_template` and `extra` (the outbox) are `bulksend dev`'s."""
    settings = parts.settings
    origins = Origins(settings.cors_origins)
    admission = Admission(parts.gateway, parts.authenticator, parts.request_limit)
    app = web.Application(
        middlewares=[
            request_ids,
            *([origins.preflight] if settings.cors_origins else ()),
            unexpected,
            problem_details.problem_details,
            admission.count_unrouted,
        ],
        client_max_size=LARGEST_BODY,
    )
    app[problem_details.PUBLIC_URL] = settings.public_url or ""
    schema = build_schema(
        introspection=settings.introspection,
        suggestions=settings.suggestions,
        executors=Executors(settings.executor, settings.executor_check),
    )
    persisted = PersistedQueries(parts.pool)
    operations = Operations(schema, parts.gateway, parts.authenticator, parts.request_limit, persisted)
    sockets = Sockets(operations, origins)
    view = GraphQLView(
        schema=schema,
        admission=admission,
        persisted_queries=persisted,
        origins=origins,
        sockets=sockets,
        streams=Streams(parts.gateway, parts.authenticator),
        show_graphiql=settings.graphiql,
        graphiql_key=demo_key,
        graphiql_template=demo_template,
    )
    app.router.add_route("*", "/graphql", view.__call__)
    app.router.add_routes(graphiql.routes())
    app.router.add_routes(rest.routes(admission))
    app.router.add_routes(openapi_page.routes())
    app.router.add_routes(problem_details.routes())
    app.router.add_routes(signing.routes(parts.gateway))
    app.router.add_routes(health.routes(parts.pool))
    app.router.add_routes(extra)
    app.on_response_prepare.append(add_headers)
    if settings.cors_origins:
        app.on_response_prepare.append(origins.add_headers)
    app.on_shutdown.append(sockets.close_all)
    return app
