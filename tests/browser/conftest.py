"""Debian's headless Chromium, with no network except loopback."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from support.browsing import AXE, browsing
from support.gateway import RunningGateway, Tenant

from bulksend.server.app import build_app
from bulksend.server.graphql import graphiql
from bulksend.server.http import console, web_build
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


# Generous for slow machines; a state that is never reached still fails.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser per run. If it is missing, skip the tests, except in CI, where they fail."""
    executable = shutil.which("chromium")
    if not (executable and web_build.is_built(graphiql.BUILD) and web_build.is_built(console.BUILD) and AXE.is_file()):
        message = (
            "needs Chromium (apt install chromium), the pages (pip install -e . with access to npm) "
            "and axe (npm ci in tests/browser)"
        )
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=executable, args=FLAGS)


@pytest.fixture
async def origin(gateway: RunningGateway, tenant: Tenant) -> AsyncIterator[str]:
    """A gateway with the same pages as `bulksend dev`, with the tenant as its demo."""
    parts = replace(gateway.parts, settings=gateway.parts.settings.model_copy(update={"graphiql": True}))
    app = build_app(parts, demo=Demo(tenant.key, tenant.template_id))
    async with listening(app, parts, host="127.0.0.1", port=0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def page(browser: Browser, origin: str) -> AsyncIterator[Page]:
    """GraphiQL, loaded."""
    async with browsing(browser, origin) as context:
        page = await context.new_page()
        await page.goto(f"{origin}/graphql")
        await expect(page.get_by_role("region", name="Operation Editor")).to_contain_text("query BulkSends")
        yield page
