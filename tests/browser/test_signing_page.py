"""The signing page: without JavaScript, by keyboard, on a phone, and with assistive technology."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect
from support.browsing import browsing, overflow, screenshot, violations
from support.gateway import RunningGateway, Tenant, new_template
from support.signing import open_form, post_form, signing_path
from support.stored_bulk_sends import Stored, delete, store

from bulksend.db.pool import Pool

PHONE = {"width": 320, "height": 640}
SCHEMES = ("light", "dark")
# The browser reports the error statuses of refusing pages in its console, like every failed request.
FORGIVEN = ("Failed to load resource",)
BODY = """# Consulting agreement

This agreement is made between **Northwind Traders** and **{{ signer.name }}**.

## 1. Services

The consultant advises the client on *process quality* and reports once a month:

1. what was found,
2. what is recommended, and
3. what it is expected to save.

| Item | Rate |
|---|---|
| Day | € 950 |
| Hour | € 130 |

> Travel is paid as it occurs, see https://northwind.example/terms/travel/0123456789abcdef0123456789abcdef0123456789.
"""

Prepare = Callable[[RunningGateway, Pool, Tenant, Stored, str], Awaitable[None]]


async def _nothing(*_: object) -> None:
    """Leave the document open."""


async def _sign(gateway: RunningGateway, _pool: Pool, _tenant: Tenant, _stored: Stored, path: str) -> None:
    form = await open_form(gateway, path)
    assert (await post_form(gateway, path, form.signed("Zoë Müller-Lüdenscheidt"))).status == 303


async def _decline(gateway: RunningGateway, _pool: Pool, _tenant: Tenant, _stored: Stored, path: str) -> None:
    form = await open_form(gateway, path)
    assert (await post_form(gateway, path, form.declined("The rate is not\nwhat we agreed."))).status == 303


async def _expire(_gateway: RunningGateway, pool: Pool, *_: object) -> None:
    await pool.execute("UPDATE documents SET expires_at = clock_timestamp() - interval '1 hour'")


async def _void(gateway: RunningGateway, _pool: Pool, tenant: Tenant, stored: Stored, _path: str) -> None:
    mutation = 'mutation($id: ID!) { voidDocuments(input: {bulkSendId: $id, reason: "Wrong rate."}) { voidedCount } }'
    assert (await gateway.ask(tenant, mutation, {"id": stored.id})).data["voidDocuments"] == {"voidedCount": 1}


async def _amend(gateway: RunningGateway, _pool: Pool, tenant: Tenant, stored: Stored, _path: str) -> None:
    mutation = "mutation($input: AmendDocumentsInput!) { amendDocuments(input: $input) { amendedCount } }"
    given = {"bulkSendId": stored.id, "documents": [{"documentId": stored.document_ids[0], "name": "Other"}]}
    assert (await gateway.ask(tenant, mutation, {"input": given})).data["amendDocuments"] == {"amendedCount": 1}


async def _delete(_gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored, _path: str) -> None:
    await delete(pool, tenant, stored)


STATES: dict[str, tuple[Prepare, str]] = {
    "open": (_nothing, "Consulting agreement"),
    "signed": (_sign, "You have signed this document"),
    "declined": (_decline, "You have declined to sign this document"),
    "expired": (_expire, "The time to sign this document is over"),
    "voided": (_void, "The sender took this document back"),
    "superseded": (_amend, "This link has been replaced"),
    "deleted": (_delete, "This document is gone"),
}


PICTURED = ("open", "signed")


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    template_id = await new_template(pool, tenant.organization_id, name="Consulting agreement", body=BODY)
    return await store(pool, tenant, 1, template_id=template_id)


@pytest.fixture
async def path(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> str:
    return await signing_path(gateway, tenant, stored.document_ids[0])


@pytest.fixture(params=SCHEMES)
async def phone(request: pytest.FixtureRequest, browser: Browser, gateway: RunningGateway) -> AsyncIterator[Page]:
    """A window as narrow as a small phone."""
    scheme = request.param
    async with browsing(
        browser, gateway.url, forgiven=FORGIVEN, viewport=PHONE, color_scheme=scheme, locale="en-GB"
    ) as context:
        yield await context.new_page()


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_accessible(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored, path: str, phone: Page, state: str
) -> None:
    prepare, heading = STATES[state]
    await prepare(gateway, pool, tenant, stored, path)
    await phone.goto(f"{gateway.url}{path}")
    await expect(phone.get_by_role("heading", name=heading).first).to_be_visible()
    assert await violations(phone) == []
    assert await overflow(phone) == 0
    if state in PICTURED:
        await screenshot(phone, f"signing-{state}")


async def test_problems_are_told_beside_their_fields(gateway: RunningGateway, path: str, phone: Page) -> None:
    await phone.goto(f"{gateway.url}{path}")
    await phone.get_by_role("button", name="Sign document").click()
    problems = phone.get_by_role("alert")
    await expect(problems).to_be_focused()
    assert await violations(phone) == []
    assert await overflow(phone) == 0
    await problems.get_by_role("link", name="Enter your full name").click()
    await expect(phone.get_by_label("Your full name")).to_be_focused()
    await expect(phone.get_by_label("Your full name")).to_have_accessible_description(
        "Typing it here is your signature. Enter your full name"
    )


async def test_signing_takes_a_keyboard_and_no_script(browser: Browser, gateway: RunningGateway, path: str) -> None:
    async with browsing(browser, gateway.url, java_script_enabled=False) as context:
        page = await context.new_page()
        await page.goto(f"{gateway.url}{path}")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")  # Go to the signature
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")  # I agree
        await page.keyboard.press("Tab")
        await page.keyboard.type("Zoë Müller")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")  # Sign document
        await expect(page.get_by_role("heading", name="You have signed this document")).to_be_visible()
        await expect(page.get_by_text("Zoë Müller")).to_be_visible()


async def test_declining_takes_no_script(browser: Browser, gateway: RunningGateway, path: str) -> None:
    async with browsing(browser, gateway.url, java_script_enabled=False) as context:
        page = await context.new_page()
        await page.goto(f"{gateway.url}{path}")
        await page.get_by_text("I do not want to sign").click()
        await page.get_by_label("Why not?").fill("Wrong rate")
        await page.get_by_role("button", name="Decline to sign").click()
        await expect(page.get_by_role("heading", name="You have declined")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "button"),
    [("de-AT", "Dokument unterschreiben"), ("es", "Firmar documento"), ("fr-CA", "Signer le document")],
)
async def test_the_page_speaks_the_browsers_language(
    browser: Browser, gateway: RunningGateway, path: str, language: str, button: str
) -> None:
    async with browsing(browser, gateway.url, viewport=PHONE, locale=language) as context:
        page = await context.new_page()
        await page.goto(f"{gateway.url}{path}")
        await expect(page.get_by_role("button", name=button)).to_be_visible()
        assert await violations(page) == []
        assert await overflow(page) == 0
