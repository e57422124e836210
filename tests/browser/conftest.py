"""Debian's Chromium without a screen, and without a network but loopback."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from support.gateway import RunningGateway, Tenant

from bulksend.server.app import build_app
from bulksend.server.graphql import graphiql
from bulksend.server.http import web_build
from bulksend.server.http.demo import Demo
from bulksend.server.listening import listening

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


# Slow machines are slow: a page that never gets there still fails.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser a run. It is missing only where nobody promised it: never in CI."""
    executable = shutil.which("chromium")
    if not (executable and web_build.is_built(graphiql.BUILD)):
        message = "needs Chromium (apt install chromium) and the pages (pip install -e . with access to npm)"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=executable, args=FLAGS)


@pytest.fixture
async def address(gateway: RunningGateway, tenant: Tenant) -> AsyncIterator[str]:
    """GraphiQL's address in a gateway that shows it with the tenant's key and template, as `bulksend dev` does."""
    parts = replace(gateway.parts, settings=gateway.parts.settings.model_copy(update={"graphiql": True}))
    app = build_app(parts, demo=Demo(tenant.key, tenant.template_id))
    async with listening(app, parts, host="127.0.0.1", port=0) as port:
        yield f"http://127.0.0.1:{port}/graphql"


@pytest.fixture
async def page(browser: Browser, address: str) -> AsyncIterator[Page]:
    """GraphiQL, opened. At the end nothing was asked of anyone else, and nothing was refused or failed."""
    complaints: list[str] = []
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = await context.new_page()
        page.on("request", lambda request: _note_foreign(complaints, request.url, address))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(address)
        await expect(page.get_by_role("region", name="Operation Editor")).to_contain_text("query BulkSends")
        yield page
    assert complaints == []


def _note_foreign(complaints: list[str], url: str, address: str) -> None:
    own = (address.removesuffix("/graphql") + "/", "data:", "blob:")
    if not url.startswith(own):
        complaints.append(f"asked for {url}")
