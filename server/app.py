"""The application: every route and every middleware."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from aiohttp import web

from bulksend.schema.build import build_schema
from bulksend.schema.operations.shadow_execution import Executors
from bulksend.server.graphql import graphiql
from bulksend.server.graphql.persisted_queries import PersistedQueries
from bulksend.server.graphql.streaming import Streams
from bulksend.server.graphql.view import GraphQLView
from bulksend.server.graphql.websocket import Sockets
from bulksend.server.graphql.websocket_operations import Operations
from bulksend.server.http import health
from bulksend.server.http.admission import Admission
from bulksend.server.http.client_address import ClientAddresses
from bulksend.server.http.compression import compress
from bulksend.server.http.console import Console, home_routes
from bulksend.server.http.cors import Origins
from bulksend.server.http.demo import Demo
from bulksend.server.http.error_responses import unexpected
from bulksend.server.http.json_body import LARGEST_BODY
from bulksend.server.http.request_ids import request_ids
from bulksend.server.http.response_headers import add_headers
from bulksend.server.http.unrouted import unrouted_only
from bulksend.server.http.verify_page import VerifyPage
from bulksend.server.process import Parts
from bulksend.server.rest import bulk_sends, documents, openapi_page, problem_details
from bulksend.server.rest.archives import Archives
from bulksend.server.settings import Settings
from bulksend.server.signing.downloads import Downloads
from bulksend.server.signing.form_tokens import FormTokens
from bulksend.server.signing.page import SigningPage

OUTBOX: Final = "/outbox"


def build_app(parts: Parts, *, demo: Demo | None = None, extra: Sequence[web.RouteDef] = ()) -> web.Application:
    """Build the application. `demo` and `extra` (the outbox) are `bulksend dev`'s."""
    settings = parts.settings
    origins = Origins(settings.cors_origins, settings.cors_headers)
    addresses = ClientAddresses(settings.trusted_proxies)
    admission = Admission(parts.gateway, parts.authenticator, parts.request_limit, addresses)
    app = web.Application(
        middlewares=[
            request_ids,
            compress,
            unrouted_only(
                web.normalize_path_middleware(
                    append_slash=False, remove_slash=True, redirect_class=web.HTTPPermanentRedirect
                )
            ),
            *([origins.preflight] if settings.cors_origins else ()),
            unexpected,
            problem_details.problem_details,
            unrouted_only(admission.count_unrouted),
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
    operations = Operations(schema, parts.gateway, parts.authenticator, parts.request_limit, persisted, addresses)
    sockets = Sockets(operations, origins)
    view = GraphQLView(
        schema=schema,
        admission=admission,
        persisted_queries=persisted,
        origins=origins,
        sockets=sockets,
        streams=Streams(parts.gateway, parts.authenticator),
        explorer=partial(graphiql.page, demo=demo) if settings.graphiql else None,
    )
    app.router.add_route("*", "/graphql", view.__call__)
    app.router.add_routes(graphiql.routes())
    app.router.add_routes(bulk_sends.routes(admission))
    app.router.add_routes(documents.routes(admission))
    app.router.add_routes(openapi_page.routes())
    app.router.add_routes(problem_details.routes())
    signing_page = SigningPage(parts.gateway, FormTokens(settings.secret_keys), addresses)
    app.router.add_routes(signing_page.routes())
    app.router.add_routes(Downloads(parts.gateway, addresses).routes())
    app.router.add_routes(Archives(admission).routes())
    app.router.add_routes(VerifyPage().routes())
    app.router.add_routes(health.routes(parts.pool, parts.supervisor, parts.gateway.replica))
    app.router.add_routes(extra)
    app.router.add_routes(_front_page(settings, demo, {route.path for route in extra}))
    app.on_response_prepare.append(add_headers)
    if settings.cors_origins:
        app.on_response_prepare.append(origins.add_headers)
    app.on_shutdown.append(sockets.close_all)
    return app


def _front_page(settings: Settings, demo: Demo | None, addresses: set[str]) -> Sequence[web.AbstractRouteDef]:
    """Return the routes of the console, whose menu links to GraphiQL and the outbox if they are enabled."""
    if not settings.console:
        return home_routes(show_graphiql=settings.graphiql)
    links = {"graphiql": "/graphql"} if settings.graphiql else {}
    links |= {"outbox": OUTBOX} if OUTBOX in addresses else {}
    return Console(demo=demo, links=links).routes()
