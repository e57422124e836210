"""The console in a real browser without network access, against a gateway that can fail."""

import asyncio
import csv
import io
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date

import pytest
from playwright.async_api import Browser, BrowserContext, Error, FilePayload, Page, Route, expect
from support import gateway as calls
from support.browsing import NARROW, browsing, overflow, screenshot, violations
from support.gateway import RunningGateway, Tenant, new_template
from support.processes import Process, environment, running
from support.signing import open_form, post_form, signing_path
from support.smtp.sink import Phase, SmtpSink
from support.workbook import workbook
from support.workers import eventually

from bulksend.db.pool import Pool

BODY = "# Agreement\n\nBetween us and {{ signer.name }} of {{ values.company }}.\n"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = "=HYPERLINK(1)"
# Rows of the file: some with problems, some whose mail is refused, and the last ones delayed.
BAD = {"nobody-at-example", "twice@@example.com", ""}
BOUNCES = 7
LATE = 100
ROWS = 500


@pytest.fixture
async def template(pool: Pool, tenant: Tenant) -> str:
    return await new_template(pool, tenant.organization_id, name="Vendor agreement", body=BODY)


@pytest.fixture
async def console(browser: Browser, origin: str) -> AsyncIterator[Page]:
    """The console, signed in."""
    async with browsing(browser, origin) as context:
        page = await context.new_page()
        await page.goto(f"{origin}/console/")
        await expect(page.get_by_role("heading", name="Bulk sends")).to_be_visible()
        yield page


def recipients(rows: int = ROWS) -> str:
    """A typical file: different column names, additional columns, and a formula."""
    addresses = [
        *BAD,
        *(f"bounce{number}@example.com" for number in range(BOUNCES)),
        *(f"person{number}@example.com" for number in range(rows - len(BAD) - BOUNCES - LATE)),
        *(f"late{number}@example.com" for number in range(LATE)),
    ]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["Full Name", "E-mail", "Company", "Remarks"])
    writer.writerows(
        [FORMULA if number == 20 else f"Person {number}", address, f"Company {number}", "x"]
        for number, address in enumerate(addresses)
    )
    return file.getvalue()


async def sign_in(page: Page, origin: str, key: str) -> None:
    await page.goto(f"{origin}/console/")
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Bulk sends")).to_be_visible()


async def reload_until_refused(page: Page) -> None:
    """Reload the page until the gateway answers `RATE_LIMITED`.

    Each reload waits for a response: an earlier reload would abort the request of the page before it, and an aborted
    request that was never sent is not counted.
    """
    for _ in range(8):
        async with page.expect_response(lambda response: response.url.endswith("/graphql")) as answer:
            await page.reload()
        with suppress(Error):  # the body is lost when its page is unloaded; the next reload has another
            if "RATE_LIMITED" in await (await answer.value).text():
                return
    pytest.fail("eight reloads were not too many requests for a limit of four")


async def start(page: Page, *, name: str = "Vendors") -> None:
    """Start a new bulk send of the vendor agreement."""
    await page.get_by_role("link", name="New bulk send").first.click()
    await page.get_by_role("option", name="Vendor agreement").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill(name)


async def enter(page: Page, file: str, *, name: str = "Vendors") -> None:
    """Fill in a new bulk send of the vendor agreement."""
    await start(page, name=name)
    await page.locator("input[type=file]").set_input_files(
        {"name": "vendors.csv", "mimeType": "text/csv", "buffer": file.encode()}
    )


async def send(page: Page, people: int) -> None:
    await page.get_by_role("button", name=f"Send to {people} people").click()
    await expect(page.get_by_role("heading", name="Documents")).to_be_visible()


def count(page: Page, label: str) -> str:
    """Return the selector of a number in the summary."""
    return f".count:has(dt:text-is('{label}')) dd"


async def expect_count(page: Page, label: str, number: int) -> None:
    await expect(page.locator(count(page, label))).to_have_text(str(number), timeout=60_000)


@asynccontextmanager
async def gateway_process(dsn: str, sink: SmtpSink, port: int, **more: str) -> AsyncIterator[Process]:
    async with running(["serve"], environment(dsn, sink.url, PORT=str(port), LEASE="5", **more)) as process:
        yield process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.usefixtures("template")
async def test_five_hundred_rows_from_the_file_to_the_outcome(
    browser: Browser, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 No such user", recipient="bounce*")
    gate = sink.hold(Phase.MESSAGE, recipient="late*")
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    # The gateway is killed, so these errors of the browser are expected.
    async with browsing(browser, origin, forgiven=["ERR_CONNECTION", "WebSocket connection"]) as context:
        page = await context.new_page()
        async with gateway_process(dsn, sink, port) as process:
            await page.goto(f"{origin}/console/")
            assert await violations(page) == []
            await sign_in(page, origin, tenant.key)
            assert tenant.key not in page.url

            await enter(page, recipients())
            await expect(page.get_by_text(f"{len(BAD)} rows with problems")).to_be_visible()
            await page.get_by_role("heading", name="Columns").evaluate("heading => heading.scrollIntoView()")
            await page.mouse.wheel(0, -80)
            await screenshot(page, "console-new")
            assert await violations(page) == []
            await page.get_by_role("textbox", name="Email, row 1", exact=True).fill("mended@example.com")
            await expect(page.get_by_text(f"{len(BAD) - 1} rows with problems")).to_be_visible()
            await page.get_by_role("button", name="Leave out all rows with problems").click()
            await expect(page.get_by_text("Every row is fine")).to_be_visible()
            await page.get_by_role("button", name="Preview the mail of row 4", exact=True).click()
            await expect(page.get_by_role("dialog")).to_contain_text("Hello Person 3")
            assert await violations(page) == []
            await page.keyboard.press("Escape")

            total = ROWS - len(BAD) + 1
            await send(page, total)
            await expect_count(page, "Sent", total - BOUNCES - LATE)
            await expect_count(page, "Failed", BOUNCES)
            await expect_count(page, "Waiting", LATE)
            await screenshot(page, "console-watch")
            assert await violations(page) == []
            await process.ended(signal.SIGKILL)

        await expect(page.get_by_text("The gateway does not answer")).to_be_visible()
        gate.open()
        async with gateway_process(dsn, sink, port):
            await expect_count(page, "Sent", total - BOUNCES)
            await expect(page.get_by_text("The gateway does not answer")).to_have_count(0)
            await expect(page.get_by_text("Completed", exact=True)).to_be_visible()

            await page.get_by_role("radio", name="Failed").click()
            await expect(page.get_by_text("550 5.1.1 No such user").first).to_be_visible()
            await expect(page.get_by_role("row")).to_have_count(BOUNCES + 1)

            async with page.expect_download() as saving:
                await page.get_by_role("button", name="Download CSV").click()
            outcome = list(csv.DictReader((await (await saving.value).path()).read_text("utf-8-sig").splitlines()))
            assert len(outcome) == total
            assert sum(row["delivery"] == "SENT" for row in outcome) == total - BOUNCES
            assert {row["server_said"] for row in outcome if row["delivery"] == "FAILED"} == {"5.1.1 No such user"}
            assert [row["name"] for row in outcome if "HYPERLINK" in row["name"]] == [f"'{FORMULA}"]

            sink.forgive()
            await page.get_by_role("button", name="Retry failed").click()
            await expect_count(page, "Failed", 0)
            await expect_count(page, "Sent", total)

            await page.get_by_role("button", name="Delete").click()
            await page.get_by_role("button", name="Undo").click()
            await expect(page.get_by_role("link", name="Vendors")).to_be_visible()
            await screenshot(page, "console-list")
            assert await violations(page) == []
    recipients_reached = {mail.recipients[0] for mail in sink.mails}
    assert len(recipients_reached) == total


async def test_a_reload_before_the_answer_sends_once(
    console: Page, template: str, gateway: RunningGateway, tenant: Tenant
) -> None:
    await enter(console, "name,email,company\nAda,ada@example.com,Ada & Co\nBo,bo@example.com,Bo & Co\n")
    await expect(console.get_by_text("Every row is fine")).to_be_visible()

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await console.unroute("**/graphql")
        await console.reload()

    await console.route("**/graphql", lose_the_answer)
    await console.get_by_role("button", name="Send to 2 people").click()
    await expect(console.get_by_role("heading", name="Documents")).to_be_visible()
    await expect_count(console, "Sent", 2)
    reply = await gateway.ask(tenant, "{ bulkSends { totalCount } }")
    assert reply.data == {"bulkSends": {"totalCount": 1}}


@pytest.mark.usefixtures("template")
async def test_an_answer_during_a_reload_leads_to_the_bulk_send(
    console: Page, gateway: RunningGateway, tenant: Tenant
) -> None:
    await enter(console, "name,email,company\nAda,ada@example.com,Ada & Co\n")
    await expect(console.get_by_text("Every row is fine")).to_be_visible()
    reloading, answered = asyncio.Event(), asyncio.Event()

    async def hold_the_page(route: Route) -> None:
        reloading.set()
        await answered.wait()
        await route.continue_()

    async def answer_late(route: Route) -> None:
        asked = json.loads(route.request.post_data or "{}")
        if asked["operationName"] == "BulkSend":  # the page before the reload opens the bulk send that it created
            answered.set()
        if asked["operationName"] != "CreateBulkSend":
            await route.continue_()
            return
        response = await route.fetch()
        await console.evaluate("setTimeout(() => location.reload())")
        await reloading.wait()
        await route.fulfill(response=response)

    await console.route("**/console/new", hold_the_page)
    await console.route("**/graphql", answer_late)
    await console.get_by_role("button", name="Send to 1 person").click(no_wait_after=True)
    await answered.wait()
    await expect(console.get_by_role("heading", name="Documents")).to_be_visible()
    reply = await gateway.ask(tenant, "{ bulkSends { totalCount } }")
    assert reply.data == {"bulkSends": {"totalCount": 1}}


@pytest.mark.usefixtures("template")
async def test_a_deleted_bulk_send_is_gone_at_once_and_then_for_good(
    console: Page, gateway: RunningGateway, tenant: Tenant
) -> None:
    await calls.create(gateway, tenant, count=1, name="Unwanted")
    await console.reload()
    await console.get_by_role("link", name="Unwanted").click()
    await console.get_by_role("button", name="Delete").click()
    await expect(console.get_by_role("link", name="Unwanted")).to_have_count(0)
    await expect(console.get_by_text("“Unwanted” was deleted.")).to_be_visible()
    reply = await gateway.ask(tenant, "{ bulkSends { totalCount } }")
    assert reply.data == {"bulkSends": {"totalCount": 0}}


async def test_cancelling_asks_first(console: Page, gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 450, "4.2.1 Mailbox busy")
    created = await calls.create(gateway, tenant, count=3, name="Hasty", waitForDelivery=False)
    await console.goto(console.url + f"bulk-sends/{created['bulkSend']['id']}")
    await expect(console.get_by_text("450 4.2.1 Mailbox busy").first).to_be_visible()
    await expect(console.get_by_text("1 attempt, next in").first).to_be_visible()
    await console.get_by_role("button", name="Cancel").click()
    await expect(console.get_by_role("alertdialog")).to_contain_text("3 mails not sent yet")
    assert await violations(console) == []
    await console.get_by_role("button", name="Cancel the rest").click()
    await expect_count(console, "Failed", 3)


async def test_a_revoked_key_leads_to_the_sign_in_page(
    browser: Browser, origin: str, pool: Pool, tenant: Tenant, gateway: RunningGateway, sink: SmtpSink
) -> None:
    sink.refuse(Phase.RCPT, 450, "4.2.1 Mailbox busy")
    created = await calls.create(gateway, tenant, count=1, waitForDelivery=False)
    async with browsing(browser, origin) as context:
        page = await context.new_page()
        await page.goto(f"{origin}/console/bulk-sends/{created['bulkSend']['id']}")
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await pool.execute("UPDATE api_keys SET revoked_at = clock_timestamp()")
        await expect(page.get_by_text("The key was refused")).to_be_visible()
        assert await violations(page) == []
        assert tenant.key not in await page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


async def test_two_tabs_see_the_same(
    console: Page, template: str, gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    await calls.create(gateway, tenant, count=1, name="Earlier", waitForDelivery=False)
    await console.reload()
    await expect(console.get_by_role("link", name="Earlier")).to_be_visible()
    other = await console.context.new_page()
    await other.goto(console.url)
    await enter(other, "name,email,company\nAda,ada@example.com,Ada & Co\n", name="From the other tab")
    await other.get_by_role("button", name="Send to 1 person").click()
    await expect(other.get_by_role("heading", name="Documents")).to_be_visible()
    await console.bring_to_front()
    await console.get_by_role("button", name="There are newer bulk sends").click()
    row = console.get_by_role("row").filter(has_text="From the other tab")
    await expect(row).to_contain_text("1 waiting")
    gate.open()
    await expect(row).to_contain_text("1 of 1 sent")
    await expect_count(other, "Sent", 1)


async def test_an_excel_workbook_is_sent(
    console: Page, pool: Pool, tenant: Tenant, sink: SmtpSink, gateway: RunningGateway
) -> None:
    body = "{{ values.company }} hires {{ values.people }} from {{ values.start }}, remote: {{ values.remote }}\n"
    await new_template(pool, tenant.organization_id, name="Vendor agreement", body=body)
    file = workbook(
        [
            ["Name", "E-mail", "company", "people", "start", "remote"],
            ["Zoë", "zoe@example.com", "Zoë & <Co>", 1000, date(2026, 5, 28), True],
            [None, None, None, None, None, None],
            ["王小明", "wang@example.com", "W", 2.5, date(1999, 12, 31), False],
        ]
    )
    await start(console)
    chooser = console.locator("input[type=file]")
    await chooser.set_input_files(FilePayload(name="people.xlsx", mimeType=EXCEL, buffer=file[:200]))
    await expect(console.get_by_text("This is no CSV or Excel file")).to_be_visible()
    await chooser.set_input_files(FilePayload(name="people.xlsx", mimeType=EXCEL, buffer=file))
    await send(console, 2)
    await expect_count(console, "Sent", 2)
    stored = await pool.fetch("SELECT signer_name, signer_values FROM documents ORDER BY signer_index")
    assert [(row["signer_name"], json.loads(row["signer_values"])) for row in stored] == [
        ("Zoë", {"company": "Zoë & <Co>", "people": "1000", "start": "2026-05-28", "remote": "true"}),
        ("王小明", {"company": "W", "people": "2.5", "start": "1999-12-31", "remote": "false"}),
    ]


async def is_watched(gateway: RunningGateway, tenant: Tenant) -> bool:
    return tenant.organization_id in gateway.parts.gateway.organization_feeds.watched


async def test_the_list_follows_without_asking(
    console: Page, template: str, gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    await calls.create(gateway, tenant, count=1, name="Followed", waitForDelivery=False)
    await console.reload()
    row = console.get_by_role("row").filter(has_text="Followed")
    await expect(row).to_contain_text("1 waiting")
    await eventually(lambda: is_watched(gateway, tenant))
    # Leave requests unanswered from now on: what the list shows comes through the WebSocket.
    await console.route("**/graphql", lambda _route: None)
    gate.open()
    await expect(row).to_contain_text("1 of 1 sent")


async def test_a_limit_is_a_countdown(
    browser: Browser, dsn: str, sink: SmtpSink, tenant: Tenant, template: str, pool: Pool
) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    async with (
        gateway_process(dsn, sink, port, BULK_SEND_INTERVAL="300"),
        browsing(browser, origin) as context,
    ):
        page = await context.new_page()
        await sign_in(page, origin, tenant.key)
        file = "name,email,company\nAda,ada@example.com,Ada & Co\n"
        await enter(page, file)
        await page.get_by_role("button", name="Send to 1 person").click()
        await expect(page.get_by_role("heading", name="Documents")).to_be_visible()
        await page.get_by_role("link", name="All bulk sends").click()
        await enter(page, file, name="Too early")
        button = page.get_by_role("button", name="Send in 4:")
        await expect(button).to_be_disabled()
        assert await violations(page) == []
        await pool.execute("UPDATE bulk_send_rates SET last_accepted_at = last_accepted_at - interval '295 seconds'")
        await page.get_by_role("textbox", name="Name", exact=True).fill("In time")
        await page.get_by_role("button", name="Send to 1 person").click()
        await expect(page.get_by_role("heading", name="In time")).to_be_visible()


async def test_too_many_requests_are_a_countdown_too(
    browser: Browser, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    async with gateway_process(dsn, sink, port, REQUESTS_PER_MINUTE="4"), browsing(browser, origin) as context:
        page = await context.new_page()
        await sign_in(page, origin, tenant.key)
        await reload_until_refused(page)
        await expect(page.get_by_text("Too many requests for this minute. Going on in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_narrow_screen_is_enough(
    browser: Browser, origin: str, template: str, gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, scheme: str
) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 No such user", recipient="*0@*")
    await calls.create(gateway, tenant, count=12, name="Seen on a phone")
    async with browsing(browser, origin, viewport=NARROW, color_scheme=scheme) as context:
        page = await context.new_page()
        await page.goto(f"{origin}/console/")
        await page.get_by_role("link", name="Seen on a phone").wait_for()
        assert (await overflow(page), await violations(page)) == (0, [])
        await page.get_by_role("link", name="Seen on a phone").click()
        await expect(page.get_by_text("550 5.1.1 No such user").first).to_be_visible()
        assert (await overflow(page), await violations(page)) == (0, [])
        await screenshot(page, f"console-narrow-{scheme}")
        await page.get_by_role("link", name="All bulk sends").click()
        await enter(page, recipients(120))
        await expect(page.get_by_text("3 rows with problems")).to_be_visible()
        assert (await overflow(page), await violations(page)) == (0, [])
        await page.get_by_role("link", name="Templates").click()
        await expect(page.get_by_role("link", name="Vendor agreement")).to_be_visible()
        assert (await overflow(page), await violations(page)) == (0, [])


async def test_columns_are_guessed_when_the_template_comes_while_a_file_is_read(console: Page, template: str) -> None:
    await console.evaluate(
        """() => {
            const read = Blob.prototype.arrayBuffer;
            const isReleased = new Promise((resolve) => { window.readFile = resolve; });
            Blob.prototype.arrayBuffer = async function () { await isReleased; return read.call(this); };
        }"""
    )
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await console.get_by_role("link", name="New bulk send").first.click()
    await console.get_by_role("option", name="Vendor agreement").wait_for()
    await console.route("**/graphql", hold)
    await console.get_by_role("option", name="Vendor agreement").click()
    await console.locator("input[type=file]").set_input_files(
        {"name": "one.csv", "mimeType": "text/csv", "buffer": b"name,email,company\nAda,ada@example.com,Ada & Co\n"}
    )
    held.set()
    await console.get_by_role("button", name="Change").wait_for()
    await console.evaluate("() => window.readFile()")
    await expect(console.get_by_text("Every row is fine")).to_be_visible()


async def test_everything_is_done_by_keyboard(console: Page, template: str) -> None:
    await tab_to(console, "New bulk send")
    await console.keyboard.press("Enter")
    await expect(console.get_by_role("option", name="Vendor agreement")).to_be_visible()
    await tab_to(console, "Vendor agreement")
    await console.keyboard.press("Enter")
    await tab_to(console, "Name")
    await console.keyboard.type("By keyboard")
    await tab_to(console, "Choose a file")
    await console.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        "name\temail\tcompany\nAda\tada@example.com\tAda & Co\n",
    )
    await expect(console.get_by_text("Every row is fine")).to_be_visible()
    await tab_to(console, "Send to 1 person")
    await console.keyboard.press("Enter")
    await expect(console.get_by_role("heading", name="By keyboard")).to_be_visible()


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this name has the focus; give up after two rounds of the page."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            """() => {
                const element = document.activeElement;
                const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label");
                return (label ?? element.textContent).trim();
            }"""
        )
        if focused.startswith(name):
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


async def test_ten_thousand_rows_are_a_few_elements(console: Page, pool: Pool, tenant: Tenant) -> None:
    await pool.execute(
        """
        INSERT INTO bulk_sends (organization_id, template_id, name, idempotency_key, fingerprint, total_count)
        SELECT organization_id, id, 'Number ' || n, 'key ' || n, decode(repeat('00', 32), 'hex'), 1
        FROM templates, generate_series(1, 10000) AS n WHERE organization_id = $1
        """,
        tenant.organization_id,
    )
    await console.reload()
    await expect(console.get_by_role("link", name="Number 10000", exact=True)).to_be_visible()
    seen = set[str]()
    async with asyncio.timeout(60):
        while len(seen) < 500:
            await console.mouse.wheel(0, 2000)
            await expect(console.locator(".rows .row").first).to_be_visible()
            names = await console.locator(".rows .row-link").all_inner_texts()
            assert len(names) < 60
            seen.update(names)


async def open_menu(context: BrowserContext, page: Page) -> None:
    await page.get_by_role("button", name="Account of").click()


async def test_signing_out_forgets_the_key(console: Page) -> None:
    await open_menu(console.context, console)
    assert await violations(console) == []
    await console.get_by_role("menuitem", name="Sign out").click()
    await expect(console.get_by_label("API key")).to_be_visible()
    assert await console.evaluate("JSON.stringify({...sessionStorage})") == "{}"


async def test_a_template_is_written_seen_sent_and_archived(console: Page) -> None:
    await console.get_by_role("link", name="Templates").click()
    await console.get_by_role("link", name="New template").click()
    await console.get_by_role("textbox", name="Name", exact=True).fill("Order form")
    text = console.get_by_role("textbox", name="Text", exact=True)
    preview = console.frame_locator("iframe[title='As a signer sees it']")
    await text.fill("---\nfields: [count]\n---\n# Order\n\n{{ signer.name }} orders {{ values.count }}.\n")
    await expect(text).to_have_attribute("aria-invalid", "true")
    await expect(console.get_by_role("button", name="Create template")).to_be_disabled()
    await text.fill(
        "---\nfields:\n  count: { type: integer, maximum: 9 }\n---\n"
        "# Order\n\n{{ signer.name }} orders {{ values.count }}.\n"
    )
    await expect(preview.get_by_role("heading", name="Order")).to_be_visible()
    await expect(console.get_by_role("listitem").filter(has_text="count")).to_contain_text("whole number")
    assert await violations(console) == []
    await screenshot(console, "console-template")
    await console.get_by_role("button", name="Create template").click()
    await expect(console.get_by_role("heading", name="Order form")).to_be_visible()
    assert await violations(console) == []

    await console.get_by_role("link", name="Send it").click()
    await console.locator("input[type=file]").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": b"Name;E-mail;Count\nAda;ada@example.com;12\n"}
    )
    await expect(console.get_by_text("1 row with problems")).to_be_visible()
    count = console.get_by_role("textbox", name="count, row 1")
    await expect(count).to_have_attribute("aria-invalid", "true")
    await count.fill("7")
    await expect(console.get_by_text("Every row is fine")).to_be_visible()
    await console.get_by_role("button", name="Preview the mail of row 1").click()
    await console.get_by_role("radio", name="Document").click()
    page = console.frame_locator("iframe[title='Document']")
    await expect(page.get_by_text("Ada orders 7.")).to_be_visible()
    assert await violations(console) == []
    await console.get_by_role("button", name="Close").click()

    await console.get_by_role("link", name="Templates").click()
    await console.get_by_role("link", name="Order form").click()
    await console.get_by_role("button", name="Archive").click()
    await console.get_by_role("alertdialog").get_by_role("button", name="Archive").click()
    await expect(console.get_by_role("link", name="Agreement")).to_be_visible()
    await expect(console.get_by_role("link", name="Order form")).to_have_count(0)


async def test_viewed_and_signed_appear_as_they_come(console: Page, gateway: RunningGateway, tenant: Tenant) -> None:
    created = await calls.create(gateway, tenant, count=3, name="Watched")
    await console.reload()
    await console.get_by_role("link", name="Watched").click()
    await expect(console.get_by_text("Not signed")).to_have_count(3)
    query = "query($id: ID!) { bulkSend(id: $id) { documents { nodes { id } } } }"
    reply = await gateway.ask(tenant, query, {"id": created["bulkSend"]["id"]})
    signed, viewed, _ = [node["id"] for node in reply.data["bulkSend"]["documents"]["nodes"]]
    await open_form(gateway, await signing_path(gateway, tenant, viewed))
    path = await signing_path(gateway, tenant, signed)
    form = await open_form(gateway, path)
    assert (await post_form(gateway, path, form.signed())).status == 303
    rows = console.get_by_role("row")
    await expect(rows.nth(1)).to_contain_text("Signed")
    await expect_count(console, "Signed", 1)
    await expect(rows.nth(3)).to_contain_text("Not signed")
    assert await violations(console) == []
