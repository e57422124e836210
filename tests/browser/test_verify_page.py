"""The page /verify in a browser: by keyboard, on a phone, and with assistive technology."""

import pytest
from playwright.async_api import Browser, FilePayload, expect
from support.browsing import browsing, overflow, violations
from support.evidence import signed_evidence
from support.gateway import RunningGateway

from bulksend.evidence.rendering import render_pdf
from bulksend.evidence.seal import Sealer
from bulksend.evidence.sealing_key import SealingKey, make_test_key

PHONE = {"width": 320, "height": 640}
# A refusal has a status of its own, which the browser reports like every failed request.
FORGIVEN = ("Failed to load resource",)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    # pyHanko runs a loop of its own, which the tests' does not allow.
    return Sealer(SealingKey.from_pkcs12(make_test_key("test"), "test")).seal(render_pdf(signed_evidence()))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("is_whole", "heading"), [(True, "The file holds"), (False, "The file is not proved")], ids=["sealed", "changed"]
)
async def test_a_file_is_checked_without_javascript(
    gateway: RunningGateway, browser: Browser, pdf: bytes, scheme: str, is_whole: bool, heading: str
) -> None:
    file: FilePayload = {
        "name": "document.pdf",
        "mimeType": "application/pdf",
        "buffer": pdf if is_whole else pdf[:-1],
    }
    async with browsing(browser, gateway.url, forgiven=FORGIVEN, viewport=PHONE, color_scheme=scheme) as window:
        page = await window.new_page()
        await page.goto(f"{gateway.url}/verify")
        assert (await overflow(page), await violations(page)) == (0, [])
        await page.locator("input[type=file]").set_input_files(file)
        await page.locator("button").press("Enter")
        await expect(page.get_by_text(heading)).to_be_visible()
        assert (await overflow(page), await violations(page)) == (0, [])
