"""GraphiQL in a real browser, against a real gateway."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from support import gateway as calls
from support.browsing import NARROW, browsing, overflow
from support.gateway import RunningGateway, Tenant
from support.smtp.sink import Phase, SmtpSink

from bulksend.server.app import build_app
from bulksend.server.http.demo import Demo
from bulksend.server.listening import listening


@pytest.fixture
def results(page: Page) -> Locator:
    """The text that the page shows as the response."""
    return page.get_by_role("region", name="Result Window")


async def open_tab(page: Page, name: str) -> None:
    await page.get_by_role("tab", name=name, exact=True).click()


async def execute(page: Page) -> None:
    """Click Execute once it has an effect: GraphiQL ignores it until the result has its editor."""
    await expect(page.get_by_role("region", name="Result Window").get_by_role("textbox")).to_be_attached()
    await page.get_by_role("button", name="Execute").click()


async def write(page: Page, editor: str, text: str) -> None:
    """Replace the contents of an editor."""
    await page.get_by_role("region", name=editor).get_by_role("textbox").focus()
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.press("Delete")  # otherwise brackets would be typed around the selection
    await page.keyboard.type(text)


async def test_the_first_query_is_there_and_shows_rows(
    gateway: RunningGateway, tenant: Tenant, page: Page, results: Locator
) -> None:
    await calls.create(gateway, tenant, count=2, name="Seen in a browser")
    await execute(page)
    await expect(results).to_contain_text('"name": "Seen in a browser"')
    await expect(results).to_contain_text('"totalCount": 2')


async def test_creating_three_sends_three(page: Page, results: Locator, sink: SmtpSink) -> None:
    await open_tab(page, "CreateBulkSend")
    await execute(page)
    await expect(results).to_contain_text('"status": "COMPLETED"')
    await expect(results).to_contain_text('"sentCount": 3')
    assert len(sink.mails) == 3


async def test_a_written_query_runs(page: Page, results: Locator, tenant: Tenant) -> None:
    await page.get_by_role("button", name="New tab").click()
    await write(page, "Operation Editor", "{ templates(first: 1) { edges { node { id name } } } }")
    await execute(page)
    await expect(results).to_contain_text(tenant.template_id)


async def test_the_docs_describe_the_schema(page: Page) -> None:
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_role("link", name="Mutation").click()
    await docs.get_by_role("link", name="createBulkSend", exact=True).click()
    await expect(docs).to_contain_text("CreateBulkSendInput!")


async def test_the_explorer_writes_the_query(page: Page) -> None:
    await page.get_by_role("button", name="New tab").click()
    await page.get_by_role("button", name="Show GraphiQL Explorer").click()
    await page.locator(".graphiql-explorer-root").get_by_text("rateLimit").click()
    await expect(page.get_by_role("region", name="Operation Editor")).to_contain_text("rateLimit")


async def test_the_history_remembers_what_was_run(page: Page, results: Locator) -> None:
    await execute(page)
    await expect(results).to_contain_text('"edges": []')
    await page.get_by_role("button", name="Show History").click()
    await expect(page.locator(".graphiql-history-items")).to_contain_text("BulkSends")


async def test_a_subscription_is_followed_to_its_end(
    gateway: RunningGateway, tenant: Tenant, page: Page, results: Locator, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    created = await calls.create(gateway, tenant, count=1, waitForDelivery=False)
    await gate.reached()
    await open_tab(page, "FollowBulkSend")
    await write(page, "Variables", f'{{"id": "{created["bulkSend"]["id"]}"}}')
    await execute(page)
    await expect(results).to_contain_text('"status": "PROCESSING"')
    gate.open()
    await expect(results).to_contain_text('"status": "COMPLETED"')
    await expect(results).to_contain_text('"sentCount": 1')


async def test_the_docs_begin_with_what_the_api_is(page: Page) -> None:
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    await expect(page.locator(".graphiql-doc-explorer")).to_contain_text("Bulksend sends one template")


async def test_the_follow_tab_shows_the_demo_bulk_send(
    browser: Browser, gateway: RunningGateway, tenant: Tenant
) -> None:
    created = await calls.create(gateway, tenant, count=2, name="The demo")
    demo = Demo(tenant.key, tenant.template_id, created["bulkSend"]["id"])
    parts = replace(gateway.parts, settings=gateway.parts.settings.model_copy(update={"graphiql": True}))
    async with listening(build_app(parts, demo=demo), parts, host="127.0.0.1", port=0) as port:
        origin = f"http://127.0.0.1:{port}"
        async with browsing(browser, origin) as context:
            page = await context.new_page()
            await page.goto(f"{origin}/graphql")
            await open_tab(page, "FollowBulkSend")
            await execute(page)
            await expect(page.get_by_role("region", name="Result Window")).to_contain_text('"name": "The demo"')


async def test_on_a_phone_the_result_has_room(browser: Browser, origin: str) -> None:
    async with browsing(browser, origin, viewport=NARROW) as context:
        page = await context.new_page()
        await page.goto(f"{origin}/graphql")
        await expect(page.get_by_role("region", name="Operation Editor")).to_contain_text("query BulkSends")
        await execute(page)
        results = page.get_by_role("region", name="Result Window")
        await expect(results).to_contain_text('"edges": []')
        box = await results.bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["height"] > 250
        assert await overflow(page) == 0


async def test_headers_that_are_kept_stay_in_the_browser(page: Page, tenant: Tenant, results: Locator) -> None:
    await page.get_by_role("button", name="Open settings dialog").click()
    await page.get_by_role("dialog").get_by_role("button", name="On", exact=True).click()
    await page.keyboard.press("Escape")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload()
    await execute(page)
    await expect(results).to_contain_text('"edges": []')
    assert tenant.key in await page.evaluate("JSON.stringify({ ...localStorage })")
    assert {url for url in asked if tenant.key in url} == set()
    assert all(
        url.startswith(page.url.removesuffix("/graphql")) for url in asked if not url.startswith(("data:", "blob:"))
    )
