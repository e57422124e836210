"""The console's page and the response to `/`, over HTTP."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.gateway import RunningGateway

from bulksend.server.app import build_app
from bulksend.server.http import web_build
from bulksend.server.http.demo import Demo
from bulksend.server.listening import listening

KEY = "isk_" + "k" * 44
INDEX = '<meta nonce="$nonce"><script type="application/json" id="settings">$settings</script>'

Site = Callable[..., AbstractAsyncContextManager[aiohttp.ClientSession]]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of the console with one asset."""
    (tmp_path / "console" / "assets").mkdir(parents=True)
    (tmp_path / "console" / "index.html").write_text(INDEX)
    (tmp_path / "console" / "assets" / "index-abc.js").write_text("1")
    monkeypatch.setattr(web_build, "BUILT", tmp_path)


@pytest.fixture
def site(delivering_gateway: RunningGateway) -> Site:
    """Serve the app with the given settings, on a gateway of this test only, whose streams end with the app."""

    @asynccontextmanager
    async def serve(**settings: object) -> AsyncIterator[aiohttp.ClientSession]:
        parts = replace(
            delivering_gateway.parts, settings=delivering_gateway.parts.settings.model_copy(update=settings)
        )
        app = build_app(parts, demo=Demo(KEY, "tpl_1"))
        async with (
            listening(app, parts, host="127.0.0.1", port=0) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
        ):
            yield session

    return serve


def settings_in(text: str) -> Any:
    found = re.search('id="settings">(.*?)</script', text, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.usefixtures("built")
async def test_the_front_page_leads_to_the_console(site: Site) -> None:
    async with site() as session, session.get("/", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/console/")


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/console/", "/console/new", "/console/bulk-sends/bs_1"])
async def test_every_address_of_the_console_is_its_page_signed_in_on_this_machine(site: Site, path: str) -> None:
    async with site(graphiql=True) as session, session.get(path) as response:
        text = await response.text()
        assert settings_in(text) == {"endpoint": "/graphql", "demoKey": KEY, "outbox": None, "graphiql": "/graphql"}
        policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    nonce = re.findall('nonce="(.+?)"', text)[0]
    assert f"'nonce-{nonce}'" in policy
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("headers", [{"Host": "rebound.example"}, {"X-Forwarded-For": "192.0.2.1"}])
async def test_whoever_may_be_elsewhere_has_to_sign_in(site: Site, headers: dict[str, str]) -> None:
    async with site() as session, session.get("/console/", headers=headers) as response:
        text = await response.text()
    assert settings_in(text)["demoKey"] is None
    assert KEY not in text


@pytest.mark.usefixtures("built")
async def test_files_are_kept_for_a_year_and_nothing_else_is_served(site: Site) -> None:
    async with site() as session:
        async with session.get("/console/assets/index-abc.js") as response:
            assert (response.status, response.content_type) == (200, "text/javascript")
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        for path in ("unknown.js", "..", "..%2findex.html", "%2e%2e/index.html"):
            async with session.get(f"/console/assets/{path}", allow_redirects=False) as response:
                assert (await response.text()) != "1"
                assert response.content_type != "text/javascript"


async def test_not_built_it_says_what_to_do(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_build, "BUILT", tmp_path)
    async with site() as session, session.get("/console/") as response:
        text = await response.text()
    assert response.status == 503
    assert "The console is not built" in text
    assert KEY not in text


async def test_switched_off_the_front_page_says_where_to_go(site: Site) -> None:
    async with site(console=False, graphiql=True) as session:
        async with session.get("/") as response:
            text = await response.text()
            assert response.status == 200
        async with session.get("/console/") as response:
            assert response.status == 404
    for link in ('href="/graphql"', 'href="/api/v1/docs"', 'href="/healthz"'):
        assert link in text
    assert KEY not in text
