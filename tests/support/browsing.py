"""Open pages in a browser and check what must hold for every page: a single origin, no errors, accessible."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDE = {"width": 1200, "height": 800}
NARROW = {"width": 400, "height": 800}


@dataclass
class Complaints:
    """The errors that a browser reported. `forgiven`: parts of messages that are expected."""

    forgiven: Sequence[str] = ()
    found: list[str] = field(default_factory=list)

    def watch(self, page: Page, origin: str) -> None:
        page.on("request", lambda request: self._note_foreign(request.url, origin))
        page.on("console", self._note_error)
        page.on("pageerror", lambda error: self.found.append(str(error)))

    def _note_foreign(self, url: str, origin: str) -> None:
        if not url.startswith((origin + "/", "data:", "blob:")):
            self.found.append(f"asked for {url}")
        if "isk_" in url:
            self.found.append("an API key is part of a URL")

    def _note_error(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self.forgiven):
            self.found.append(message.text)


@asynccontextmanager
async def browsing(
    browser: Browser, origin: str, *, forgiven: Sequence[str] = (), **options: Any
) -> AsyncIterator[BrowserContext]:
    """Yield a browser context; afterwards require that all requests went to `origin` and succeeded."""
    complaints = Complaints(forgiven)
    async with await browser.new_context(**{"viewport": WIDE, **options}) as context:
        context.on("page", lambda page: complaints.watch(page, origin))
        yield context
    assert complaints.found == []


async def violations(page: Page) -> list[str]:
    """Return the violations that axe finds on the page: each rule with the elements that break it."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [f"{rule['id']}: {json.dumps([node['html'] for node in rule['nodes']])}" for rule in found["violations"]]


async def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


async def screenshot(page: Page, name: str) -> None:
    """Take a screenshot for the documentation if BULKSEND_SCREENSHOTS is set."""
    if os.environ.get("BULKSEND_SCREENSHOTS"):
        await page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
