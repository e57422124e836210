"""The main use case: one call, a mail and a signing link for every signer, with progress visible to the caller."""

import re

from support.gateway import RunningGateway, Tenant, create
from support.smtp.sink import Mail, SmtpSink

LINK = re.compile(r"http://sign\.example\.com(/sign/\S+)")


async def test_one_call_sends_500_mails_with_500_links(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    payload = await create(gateway, tenant, 500)

    assert payload["userErrors"] == []
    assert payload["bulkSend"] | {"id": ""} == {
        "id": "",
        "name": "Q3 Vendor Agreements",
        "status": "COMPLETED",
        "totalCount": 500,
        "sentCount": 500,
        "failedCount": 0,
        "pendingCount": 0,
    }
    assert sorted(mail.recipients[0] for mail in sink.mails) == sorted(f"signer{n}@example.com" for n in range(500))
    links = {link(mail) for mail in sink.mails}
    assert len(links) == 500

    page = await gateway.get(links.pop())
    assert page.status == 200
    assert re.search(r"Between us and Signer \d+\.", page.body)


def link(mail: Mail) -> str:
    """Return the path of the signing link in the text part of a mail, where it is not marked up."""
    text = mail.parsed.get_body(("plain",))
    assert text is not None
    (found,) = LINK.findall(text.get_content())
    return str(found)
