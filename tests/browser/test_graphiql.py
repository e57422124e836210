"""GraphiQL as people use it: in a browser, against a real gateway."""

import pytest
from playwright.async_api import Locator, Page, expect
from support import gateway as calls
from support.gateway import RunningGateway, Tenant
from support.smtp.sink import Phase, SmtpSink


@pytest.fixture
def results(page: Page) -> Locator:
    """What the page shows of the response."""
    return page.get_by_role("region", name="Result Window")


async def open_tab(page: Page, name: str) -> None:
    await page.get_by_role("tab", name=name, exact=True).click()


async def execute(page: Page) -> None:
    await page.get_by_role("button", name="Execute").click()


async def write(page: Page, editor: str, text: str) -> None:
    """Replace what an editor holds."""
    await page.get_by_role("region", name=editor).get_by_role("textbox").focus()
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.press("Delete")  # brackets typed over a selection would go around it
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
