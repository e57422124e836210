"""Killing `bulksend dev` during delivery and starting it again on the same data."""

import signal
from collections import Counter
from pathlib import Path

from support.dev import running_dev
from support.smtp.sink import Phase, SmtpSink

ADDRESSES = [f"signer{number}@restart.example" for number in range(40)]


async def test_what_a_killed_dev_had_claimed_is_out_soon_after_its_restart(tmp_path: Path, sink: SmtpSink) -> None:
    async with running_dev(tmp_path, sink.url) as killed:
        gate = sink.hold(Phase.MESSAGE, recipient="*@restart.example")
        bulk_send_id = await killed.create(ADDRESSES)
        await gate.reached(10)
        await killed.process.ended(signal.SIGKILL)
    sink.forgive()
    gate.open()

    async with running_dev(tmp_path, sink.url) as restarted:
        # Waits for less than the lease: the claims of the killed process must have been taken over.
        counts = await restarted.finished(bulk_send_id)
    assert counts == {"sentCount": len(ADDRESSES), "failedCount": 0, "pendingCount": 0}
    copies = Counter(recipient for mail in sink.mails for recipient in mail.recipients if recipient in ADDRESSES)
    assert len(copies) == len(ADDRESSES)
    assert sum(copies.values()) - len(ADDRESSES) <= 10
