"""The samples of the page that the REST API is modelled on, unmodified.

Only host, key, template id and bulk send id are replaced. Each sample runs in the program it is written for: curl in a
shell, fetch in Node, requests in Python.
"""

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from typing import Any

import pytest
from support.gateway import RunningGateway, Tenant
from support.smtp.sink import SmtpSink

LIST = {
    "curl": """\
curl -X GET "https://app.insigner.co/api/v1/bulk-sends?status=completed" \\
  -H "Authorization: Bearer isk_YOUR_API_KEY"
""",
    "fetch": """\
const res = await fetch(
  'https://app.insigner.co/api/v1/bulk-sends?status=completed',
  { headers: { 'Authorization': 'Bearer isk_YOUR_API_KEY' } }
);
const { data, meta } = await res.json();
""",
    "requests": """\
res = requests.get(
    "https://app.insigner.co/api/v1/bulk-sends",
    headers={"Authorization": "Bearer isk_YOUR_API_KEY"},
    params={"status": "completed"}
)
""",
}
CREATE = {
    "curl": """\
curl -X POST https://app.insigner.co/api/v1/bulk-sends \\
  -H "Authorization: Bearer isk_YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "templateId": "tpl_abc123",
    "name": "Q3 Vendor Agreements",
    "emailMessage": "Please sign your vendor agreement for Q3.",
    "signers": [
      { "name": "Alice Johnson", "email": "alice@vendor-a.com" },
      { "name": "Bob Williams", "email": "bob@vendor-b.com" },
      { "name": "Carol Davis", "email": "carol@vendor-c.com" }
    ]
  }'
""",
    "fetch": """\
const res = await fetch(
  'https://app.insigner.co/api/v1/bulk-sends',
  {
    method: 'POST',
    headers: {
      'Authorization': 'Bearer isk_YOUR_API_KEY',
      'Content-Type': 'application/json'
    },
    body: JSON.stringify({
      templateId: 'tpl_abc123',
      name: 'Q3 Vendor Agreements',
      emailMessage: 'Please sign your vendor agreement for Q3.',
      signers: [
        { name: 'Alice Johnson', email: 'alice@vendor-a.com' },
        { name: 'Bob Williams', email: 'bob@vendor-b.com' },
        { name: 'Carol Davis', email: 'carol@vendor-c.com' }
      ]
    })
  }
);
const { data } = await res.json();
""",
    "requests": """\
res = requests.post(
    "https://app.insigner.co/api/v1/bulk-sends",
    headers={"Authorization": "Bearer isk_YOUR_API_KEY"},
    json={
        "templateId": "tpl_abc123",
        "name": "Q3 Vendor Agreements",
        "emailMessage": "Please sign your vendor agreement for Q3.",
        "signers": [
            {"name": "Alice Johnson", "email": "alice@vendor-a.com"},
            {"name": "Bob Williams", "email": "bob@vendor-b.com"},
            {"name": "Carol Davis", "email": "carol@vendor-c.com"}
        ]
    }
)
""",
}
GET = {
    "curl": """\
curl -X GET https://app.insigner.co/api/v1/bulk-sends/bs_abc123 \\
  -H "Authorization: Bearer isk_YOUR_API_KEY"
""",
    "fetch": """\
const res = await fetch(
  'https://app.insigner.co/api/v1/bulk-sends/bs_abc123',
  { headers: { 'Authorization': 'Bearer isk_YOUR_API_KEY' } }
);
const { data } = await res.json();
""",
    "requests": """\
res = requests.get(
    "https://app.insigner.co/api/v1/bulk-sends/bs_abc123",
    headers={"Authorization": "Bearer isk_YOUR_API_KEY"}
)
""",
}
# How each program runs a sample and prints the response as JSON.
COMMANDS = {
    "curl": ("sh", "-c"),
    "fetch": ("node", "--input-type=module", "-e"),
    "requests": (sys.executable, "-c"),
}
BEFORE = {"curl": "", "fetch": "", "requests": "import requests\n"}
SHOW = {"curl": "", "fetch": "console.log(JSON.stringify({ data }));\n", "requests": "print(res.text)\n"}
SHOW_LIST = {**SHOW, "fetch": "console.log(JSON.stringify({ data, meta }));\n"}


@pytest.fixture(params=["curl", "fetch", "requests"])
def program(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    needed = {"curl": "curl", "fetch": "node", "requests": sys.executable}[name]
    if shutil.which(needed) is None and not os.environ.get("CI"):
        pytest.skip(f"{needed} is not installed")
    return name


async def test_create(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, program: str) -> None:
    answer = await run(program, CREATE[program] + SHOW[program], gateway, tenant)

    data = answer["data"]
    assert (data["name"], data["status"]) == ("Q3 Vendor Agreements", "completed")
    assert (data["totalCount"], data["sentCount"], data["failedCount"]) == (3, 3, 0)
    assert data["templateId"] == tenant.template_id
    assert sorted(mail.recipients[0] for mail in sink.mails) == [
        "alice@vendor-a.com",
        "bob@vendor-b.com",
        "carol@vendor-c.com",
    ]


async def test_list(gateway: RunningGateway, tenant: Tenant, program: str) -> None:
    made = await run("requests", CREATE["requests"] + SHOW["requests"], gateway, tenant)

    answer = await run(program, LIST[program] + SHOW_LIST[program], gateway, tenant)

    assert [one["id"] for one in answer["data"]] == [made["data"]["id"]]
    assert answer["meta"] == {"count": 1, "hasMore": False, "nextCursor": None}


async def test_get(gateway: RunningGateway, tenant: Tenant, program: str) -> None:
    made = await run("requests", CREATE["requests"] + SHOW["requests"], gateway, tenant)

    answer = await run(program, GET[program] + SHOW[program], gateway, tenant, made["data"]["id"])

    assert answer["data"]["id"] == made["data"]["id"]
    assert answer["data"]["emailMessage"] == "Please sign your vendor agreement for Q3."


async def run(program: str, sample: str, gateway: RunningGateway, tenant: Tenant, bulk_send_id: str = "") -> Any:
    """Run a sample with host, key and ids replaced, and return the JSON that it prints."""
    ours = (
        sample.replace("https://app.insigner.co", gateway.url)
        .replace("isk_YOUR_API_KEY", tenant.key)
        .replace("tpl_abc123", tenant.template_id)
        .replace("bs_abc123", bulk_send_id)
    )
    process = await asyncio.create_subprocess_exec(*COMMANDS[program], BEFORE[program] + ours, stdout=PIPE, stderr=PIPE)
    output, complaints = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complaints.decode()
    return json.loads(output)
