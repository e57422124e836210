"""Processes that render and seal PDFs, which takes 40 ms per document and would block the event loop."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bulksend.delivery.sealing.unsealed import Unsealed
    from bulksend.evidence.seal import Sealer

MOST_PROCESSES: Final = 2
TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class SealingOptions:
    """Options of sealing: the bytes of a PKCS#12 file, its password, and a timestamp server's URL or None."""

    pkcs12: bytes = field(repr=False)
    password: str | None = field(repr=False)
    timestamp_url: str | None


class SealingProcesses:
    """Up to two processes, started with the first document; each keeps its key and its typst compiler."""

    def __init__(self, options: SealingOptions) -> None:
        self._options = options
        self._executor: ProcessPoolExecutor | None = None
        self.size = min(MOST_PROCESSES, os.cpu_count() or 1)

    async def make(self, unsealed: Unsealed) -> bytes:
        """Return the sealed PDF. Raise the errors of the process, and TimeoutError after TIMEOUT_SECONDS."""
        executor = self._running()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(executor, _make, unsealed)
        except (BrokenProcessPool, TimeoutError):
            self.close()
            raise

    def close(self) -> None:
        """Stop the processes after their current documents; the next document starts new ones."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = None

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(self.size, get_context("spawn"), _start, (self._options,))
        return self._executor


_sealer: Sealer | None = None


def _start(options: SealingOptions) -> None:
    """Load the key once, in a process of the pool."""
    global _sealer
    from bulksend.evidence.seal import Sealer
    from bulksend.evidence.sealing_key import SealingKey

    # Ctrl-C reaches the whole group; the parent ends its processes itself, and they end if it is killed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _sealer = Sealer(SealingKey.from_pkcs12(options.pkcs12, options.password), options.timestamp_url)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make(unsealed: Unsealed) -> bytes:
    from bulksend.evidence.rendering import render_pdf
    from bulksend.evidence.verification import check_evidence

    assert _sealer is not None, "the initializer has run"  # noqa: S101
    evidence = unsealed.evidence()
    # What would not verify is not sealed.
    check_evidence(evidence)
    return _sealer.seal(render_pdf(evidence))
