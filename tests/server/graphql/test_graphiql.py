"""The explorer's page and files, as a browser is given them."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

from bulksend.schema.build import build_schema
from bulksend.server.graphql import graphiql

KEY = "isk_" + "k" * 44
TEMPLATE_ID = "tpl_01m833qzvxetpt9gxk6dcw5pch"
INDEX = '<script type="application/json" id="settings">$settings</script><script src="/graphiql/assets/index.js">'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of the explorer with one asset."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "assets" / "index-abc.js").write_text("1")
    monkeypatch.setattr(graphiql, "BUILT", tmp_path)
    return tmp_path


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source checkout without Node."""
    monkeypatch.setattr(graphiql, "BUILT", tmp_path)


@pytest.fixture
async def site() -> AsyncIterator[aiohttp.ClientSession]:
    """The explorer's files over HTTP."""
    app = web.Application()
    app.router.add_routes(graphiql.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
        yield session
    await runner.cleanup()


def settings_in(response: web.Response) -> Any:
    """What the page's script will find, as the browser's HTML parser delimits it."""
    found = re.search('<script type="application/json" id="settings">(.*?)</script', response.text or "", re.DOTALL)
    assert found
    return json.loads(found[1])


def tabs() -> list[dict[str, str]]:
    tabs: list[dict[str, str]] = settings_in(graphiql.page(KEY, TEMPLATE_ID))["tabs"]
    return tabs


@pytest.mark.usefixtures("built")
def test_the_page_opens_with_the_demo_key_and_template() -> None:
    settings = settings_in(graphiql.page(KEY, TEMPLATE_ID))
    assert json.loads(settings["headers"]) == {"Authorization": f"Bearer {KEY}"}
    assert json.loads(settings["tabs"][1]["variables"])["input"]["templateId"] == TEMPLATE_ID
    assert settings["tools"] == "variables"


@pytest.mark.usefixtures("built")
def test_without_a_key_the_page_asks_for_one() -> None:
    settings = settings_in(graphiql.page(None))
    assert settings["headers"] == '{\n  // "Authorization": "Bearer isk_…"\n}'
    assert settings["tools"] == "headers"


@pytest.mark.usefixtures("built")
def test_what_a_browser_remembers_does_not_outlive_the_demo_it_was_typed_for() -> None:
    first, again, other = (settings_in(graphiql.page(key, TEMPLATE_ID)) for key in (KEY, KEY, KEY[::-1]))
    assert first["workspace"] == again["workspace"] != other["workspace"]


@pytest.mark.usefixtures("built")
def test_settings_cannot_end_their_script() -> None:
    response = graphiql.page(KEY, "</script><script>alert(1)</script><!--")
    assert "alert(1)" not in (response.text or "").split("</script>", 1)[1]
    assert "</script><script>alert(1)" in settings_in(response)["tabs"][1]["variables"]


@pytest.mark.usefixtures("built")
def test_the_built_page_may_load_from_nowhere_else() -> None:
    response = graphiql.page(KEY, TEMPLATE_ID)
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "https:" not in policy
    assert "unsafe-eval" not in policy
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("unbuilt")
def test_unbuilt_the_page_loads_exactly_the_versions_that_the_build_would() -> None:
    text = graphiql.page(KEY, TEMPLATE_ID).text or ""
    dependencies = json.loads((graphiql.EXPLORER / "package.json").read_text())["dependencies"]
    loaded = set(re.findall(r"https://esm\.sh/((?:@\w+/)?[\w-]+)@([^/?\"]+)", text))
    assert loaded == set(dependencies.items())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in dependencies.values())
    assert "$" not in text.split("importmap", 1)[1]


@pytest.mark.usefixtures("unbuilt")
def test_unbuilt_the_import_map_names_every_module_that_the_sources_import() -> None:
    text = graphiql.page(KEY, TEMPLATE_ID).text or ""
    found = re.search(r'<script type="importmap" nonce="(.+?)">(.*?)</script>', text, re.DOTALL)
    assert found
    mapped = json.loads(found[2])["imports"]
    sources = [path.read_text() for path in (graphiql.EXPLORER / "src").glob("*.js") if path.name != "bundled.js"]
    imported = set(re.findall(r'^import (?:.+ from )?"([^."].*?)";$', "\n".join(sources), re.MULTILINE))
    assert {"graphiql", "react", "graphiql/setup-workers/esm.sh"} <= imported
    assert all(name in mapped or name.partition("/")[0] + "/" in mapped for name in imported)


@pytest.mark.usefixtures("unbuilt")
def test_unbuilt_inline_scripts_carry_the_nonce_of_their_response() -> None:
    pages = [graphiql.page(KEY, TEMPLATE_ID) for _ in range(2)]
    nonces = [re.findall(r'nonce="(.+?)"', page.text or "") for page in pages]
    assert nonces[0] != nonces[1]
    for page, (nonce,) in zip(pages, nonces, strict=True):
        assert f"'nonce-{nonce}'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("tab", tabs(), ids=["page", "create", "follow"])
def test_each_tab_is_an_operation_that_the_schema_takes(tab: dict[str, str]) -> None:
    schema = build_schema()._schema
    document = parse(tab["query"])
    assert validate(schema, document) == []
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(schema, operation.variable_definitions or (), json.loads(tab.get("variables", "{}")))
    assert not isinstance(values, list), values


@pytest.mark.usefixtures("built")
async def test_an_asset_is_kept_for_good(site: aiohttp.ClientSession) -> None:
    async with site.get("/graphiql/assets/index-abc.js") as response:
        assert (response.status, await response.text()) == (200, "1")
        assert response.content_type == "text/javascript"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_a_source_is_asked_for_again(site: aiohttp.ClientSession) -> None:
    async with site.get("/graphiql/src/explorer.js") as response:
        assert (response.status, response.content_type) == (200, "text/javascript")
        assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    ["assets/unknown.js", "assets/..", "assets/..%2findex.html", "assets/%2e%2e/index.html", "src/..%2fvite.config.js"],
)
async def test_nothing_else_is_served(site: aiohttp.ClientSession, path: str) -> None:
    async with site.get(f"/graphiql/{path}") as response:
        assert response.status == 404


def test_the_lock_file_names_no_registry() -> None:
    lock = (graphiql.EXPLORER / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
