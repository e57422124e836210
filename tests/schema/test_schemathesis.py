"""Run schemathesis, which generates operations that the schema allows."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from support.gateway import new_tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool

HOOKS = Path(__file__).parent.parent / "support" / "schemathesis_graphql_hooks.py"
SEED = 7
MOST_SECONDS = 240


async def test_finds_nothing(pool: Pool, dsn: str, sink: SmtpSink, tmp_path: Path) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, delivery=False, sync_wait=0) as gateway:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{gateway.url}/graphql",
            "--header",
            f"Authorization: Bearer {tenant.key}",
            "--phases=fuzzing",
            "--checks=only_expected_errors",
            f"--seed={SEED}",
            "--max-examples=20",
            "--generation-database=none",
            "--continue-on-failure",
            "--no-color",
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONPATH": str(HOOKS.parent)},
            cwd=tmp_path,
            stdout=PIPE,
            stderr=STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), MOST_SECONDS)
    assert process.returncode == 0, output.decode()
