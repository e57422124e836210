"""Kill `bulksend dev` while it sends mail, restart it, and check that the last mail is sent within 6 s of being ready.

    .venv/bin/python tests/bench/dev_restart.py [--kills 5]

Exit status 1 if a mail took longer.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.dev import running_dev
from support.smtp.sink import Phase, SmtpSink

SIGNERS: Final = 200
LONGEST_SECONDS: Final = 6.0


async def seconds_to_the_last_mail(home: Path, number: int) -> float:
    """Kill `dev` with ten mails in flight, restart it, and return the seconds from ready until all mails are sent."""
    addresses = [f"signer{signer}@kill{number}.example" for signer in range(SIGNERS)]
    async with SmtpSink() as sink:
        async with running_dev(home, sink.url) as killed:
            gate = sink.hold(Phase.MESSAGE, recipient=f"*@kill{number}.example")
            bulk_send_id = await killed.create(addresses)
            await gate.reached(10)
            await killed.process.ended(signal.SIGKILL)
        sink.forgive()
        gate.open()
        async with running_dev(home, sink.url) as restarted:
            ready = time.monotonic()
            assert (await restarted.finished(bulk_send_id))["sentCount"] == SIGNERS
            return time.monotonic() - ready


async def main(kills: int) -> bool:
    """Print the time after each kill, and return whether all were within the limit."""
    with tempfile.TemporaryDirectory() as folder:
        taken = []
        for number in range(kills):
            taken.append(await seconds_to_the_last_mail(Path(folder), number))
            print(f"all mail out {taken[-1]:.1f} s after the restarted dev was ready", flush=True)
    return max(taken) <= LONGEST_SECONDS


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=5)
    sys.exit(0 if asyncio.run(main(parser.parse_args().kills)) else 1)
