"""`bulksend codegen` against a running gateway."""

import asyncio

import pytest
from support.forking import start
from support.gateway import RunningGateway, Tenant, new_tenant
from support.processes import inherited

BODY = "---\nfields:\n  start: { type: date }\n---\n{{ values.company }} {{ values.start }}"


async def codegen(gateway: RunningGateway, tenant: Tenant, *arguments: str) -> tuple[int | None, str, str]:
    environment = {**inherited(), "BULKSEND_URL": gateway.url, "BULKSEND_API_KEY": tenant.key}
    process = await start("codegen", *arguments, environment=environment)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, stdout.decode(), stderr.decode()


async def test_a_typescript_type_and_a_csv_header(gateway: RunningGateway) -> None:
    tenant = await new_tenant(gateway.pool, body=BODY)
    status, stdout, stderr = await codegen(gateway, tenant, tenant.template_id)
    assert (status, stderr) == (0, "")
    assert "export interface AgreementValues {\n  company: string;\n  /** a date such as 2026-05-28 */\n" in stdout
    status, stdout, _ = await codegen(gateway, tenant, tenant.template_id, "--format", "csv")
    assert (status, stdout) == (0, "name,email,phone,message,external_id,company,start\n")


@pytest.mark.parametrize(
    ("template_id", "status", "message"),
    [("tpl_01h455vb4pex5vsknk084sn02q", 1, "no such template"), ("bs_01h455vb4pex5vsknk084sn02q", 2, "tpl_")],
)
async def test_a_template_that_is_not_there(
    gateway: RunningGateway, tenant: Tenant, template_id: str, status: int, message: str
) -> None:
    ended = await codegen(gateway, tenant, template_id)
    assert ended[0] == status
    assert message in ended[2]
