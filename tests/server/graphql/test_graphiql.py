"""GraphiQL's page and files, as browsers receive them."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

from bulksend.schema.build import build_schema
from bulksend.server.graphql import graphiql
from bulksend.server.http import web_build
from bulksend.server.http.demo import Demo

KEY = "isk_" + "k" * 44
TEMPLATE_ID = "tpl_01m833qzvxetpt9gxk6dcw5pch"
DEMO = Demo(KEY, TEMPLATE_ID, "bs_01m833qzvxetpt9gxk6dcw5pch")
INDEX = '<script type="application/json" id="settings">$settings</script><script src="/graphiql/assets/index.js">'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of the explorer with one asset."""
    (tmp_path / "explorer" / "assets").mkdir(parents=True)
    (tmp_path / "explorer" / "index.html").write_text(INDEX)
    (tmp_path / "explorer" / "assets" / "index-abc.js").write_text("1")
    monkeypatch.setattr(web_build, "BUILT", tmp_path)
    return tmp_path


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without built pages."""
    monkeypatch.setattr(web_build, "BUILT", tmp_path)


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


def local() -> web.Request:
    """Return a request from a browser on this machine."""
    return asked("127.0.0.1", {"Host": "127.0.0.1:8000"})


def asked(peer: str, headers: dict[str, str]) -> web.Request:
    """Return a request from the address `peer`."""
    transport = Mock()
    transport.get_extra_info.return_value = (peer, 50000)
    return make_mocked_request("GET", "/graphql", headers=headers, transport=transport)


def settings_in(response: web.Response) -> Any:
    """Return the settings that the page's script reads, delimited as by an HTML parser."""
    found = re.search('<script type="application/json" id="settings">(.*?)</script', response.text or "", re.DOTALL)
    assert found
    return json.loads(found[1])


def tabs() -> list[dict[str, str]]:
    return graphiql._tabs(DEMO)


@pytest.mark.usefixtures("built")
def test_the_page_opens_with_the_demo_key_and_template() -> None:
    settings = settings_in(graphiql.page(local(), DEMO))
    assert json.loads(settings["headers"]) == {"Authorization": f"Bearer {KEY}"}
    assert json.loads(settings["tabs"][1]["variables"])["input"]["templateId"] == TEMPLATE_ID
    assert json.loads(settings["tabs"][2]["variables"]) == {"id": DEMO.bulk_send_id}
    assert settings["tools"] == "variables"


@pytest.mark.usefixtures("built")
def test_without_a_key_the_page_asks_for_one() -> None:
    settings = settings_in(graphiql.page(local()))
    assert settings["headers"] == '{\n  // "Authorization": "Bearer isk_…"\n}'
    assert settings["tools"] == "headers"


@pytest.mark.usefixtures("built")
def test_what_a_browser_remembers_does_not_outlive_the_demo_it_was_typed_for() -> None:
    first, again, other = (settings_in(graphiql.page(local(), Demo(key, TEMPLATE_ID))) for key in (KEY, KEY, KEY[::-1]))
    assert first["workspace"] == again["workspace"] != other["workspace"]


@pytest.mark.usefixtures("built")
def test_settings_cannot_end_their_script() -> None:
    response = graphiql.page(local(), Demo(KEY, "</script><script>alert(1)</script><!--"))
    assert "alert(1)" not in (response.text or "").split("</script>", 1)[1]
    assert "</script><script>alert(1)" in settings_in(response)["tabs"][1]["variables"]


@pytest.mark.usefixtures("built")
def test_the_built_page_may_load_from_nowhere_else() -> None:
    response = graphiql.page(local(), DEMO)
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "https:" not in policy
    assert "unsafe-eval" not in policy
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("unbuilt")
def test_unbuilt_the_page_says_at_once_what_to_do_and_loads_nothing() -> None:
    response = graphiql.page(local(), DEMO)
    assert response.status == 503
    assert "GraphiQL is not built" in (response.text or "")
    assert "<script" not in (response.text or "")
    assert KEY not in (response.text or "")


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.1", {"Host": "127.0.0.1:8000"}),
        ("127.0.0.1", {"Host": "rebound.example:8000"}),
        ("127.0.0.1", {"Host": "127.0.0.1.example"}),
        ("127.0.0.1", {"Host": "localhost:8000", "X-Forwarded-For": "192.0.2.1"}),
        ("127.0.0.1", {"Host": ""}),
    ],
)
def test_whoever_is_not_on_this_machine_does_not_get_the_demo_key(peer: str, headers: dict[str, str]) -> None:
    response = graphiql.page(asked(peer, headers), DEMO)
    assert KEY not in (response.text or "")
    assert settings_in(response)["tools"] == "headers"


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


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    ["assets/unknown.js", "assets/..", "assets/..%2findex.html", "assets/%2e%2e/index.html", "../index.html"],
)
async def test_nothing_else_is_served(site: aiohttp.ClientSession, path: str) -> None:
    async with site.get(f"/graphiql/{path}") as response:
        assert response.status == 404
