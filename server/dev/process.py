"""The process of `bulksend dev`: PostgreSQL, a mail catcher, demo data and the gateway."""

import json
from contextlib import AsyncExitStack

from aiohttp import web

from bulksend.db.migrations import migrate
from bulksend.server.app import build_app
from bulksend.server.cli.database import database
from bulksend.server.cli.processes import Tell, to_stderr
from bulksend.server.dev import outbox
from bulksend.server.dev.demo import demo, secret
from bulksend.server.dev.mail_catcher import mail_catcher
from bulksend.server.garbage_collection import tune_garbage_collection
from bulksend.server.http import console, web_build
from bulksend.server.http.addresses import base_url, take_address
from bulksend.server.http.demo import Demo
from bulksend.server.listening import listening, until_stopped
from bulksend.server.process import open_parts
from bulksend.server.sealing import with_test_key
from bulksend.server.settings import Settings


async def dev(settings: Settings, tell: Tell = to_stderr) -> None:
    """Run everything in this process and its children until stopped."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        taken = stack.enter_context(take_address(settings.host, settings.port))
        # Signing links contain the port, so it is bound before anything else starts.
        settings = settings.model_copy(update={"port": taken.getsockname()[1]})
        settings = await stack.enter_async_context(database(settings))
        await migrate(settings.database_url or "")
        folder = settings.data_dir / "outbox"
        extra: list[web.RouteDef] = []
        if settings.smtp_url is None:
            smtp_url = await stack.enter_async_context(mail_catcher(folder))
            settings = settings.model_copy(update={"smtp_url": smtp_url})
            extra = outbox.routes(folder)
        settings = _with_dev_defaults(settings)
        parts = await stack.enter_async_context(open_parts(settings, delivery=True))
        found = await demo(parts)
        app = build_app(parts, demo=found, extra=extra)
        await stack.enter_async_context(listening(app, parts, host=settings.host, port=settings.port, taken=taken))
        tune_garbage_collection()
        await until_stopped(lambda: tell(_welcome(settings, found)))


def _with_dev_defaults(settings: Settings) -> Settings:
    made: dict[str, object] = {}
    if not settings.secret_keys:
        made["secret_keys"] = (secret(settings.data_dir / "secret_key"),)
    if settings.public_url is None:
        made["public_url"] = base_url(settings.host, settings.port)
    if settings.mail_from is None:
        made["mail_from"] = "Bulksend <bulksend@localhost>"
    return with_test_key(settings.model_copy(update=made))


def _welcome(settings: Settings, found: Demo) -> str:
    base = base_url(settings.host, settings.port)
    lines = [
        "",
        *([f"  Console     {base}/console/"] if settings.console else []),
        f"  GraphiQL    {base}/graphql",
        f"  Outbox      {base}/outbox",
        f"  API key     {found.key}",
        f"  Template    {found.template_id}",
        f"  Data        {settings.data_dir}",
        *([f"  Seals with  {settings.sealing_key}"] if settings.sealing_key else []),
        "",
        "  Send a contract to three people:",
        "",
        _curl(base, found),
        "",
    ]
    if not settings.bulk_send_interval:
        lines += [
            "  The rule of one bulk send per 5 minutes is off here (BULKSEND_BULK_SEND_INTERVAL=300 turns it on).",
            "",
        ]
    if not web_build.is_built(console.BUILD):
        lines += ["  The console and GraphiQL are not built; their pages say what to do.", ""]
    return "\n".join([*lines, "  Ctrl-C stops everything.", ""])


_QUERY = (
    "mutation($input: CreateBulkSendInput!) { createBulkSend(input: $input) "
    "{ bulkSend { id status sentCount failedCount } userErrors { field message } } }"
)


def _curl(base: str, found: Demo) -> str:
    signers = [{"name": name, "email": f"{name.split()[0].lower()}@example.com"} for name in _PEOPLE]
    body = {
        "query": _QUERY,
        "variables": {"input": {"templateId": found.template_id, "name": "My first bulk send", "signers": signers}},
    }
    return (
        f"curl -s {base}/graphql -H 'Authorization: Bearer {found.key}' \\\n"
        f"  -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    )


_PEOPLE = ("Alice Johnson", "Bob Williams", "Carol Davis")
