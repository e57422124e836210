"""Measure the cost of sealed PDFs: rendering and sealing in one process, and 500 documents on two.

    python tests/bench/sealing.py [--documents 500] [--processes 2]

Times of one process are processor time (CPU); for several processes, both CPU and elapsed time are shown. Goals on an
idle machine: 45 ms per document and process, 20 s for 500 documents on two processes.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.evidence import signed_evidence

from bulksend.evidence.evidence_file import Evidence
from bulksend.evidence.merkle_tree import MerkleTree, leaf_hash
from bulksend.evidence.rendering import render_pdf
from bulksend.evidence.seal import Sealer
from bulksend.evidence.sealing_key import SealingKey, make_test_key
from bulksend.evidence.verification import verify_pdf

PASSWORD = "test"
REPEATS = 30


def measured(repeat: Callable[[int], object], count: int = REPEATS) -> float:
    """Return the median milliseconds of processor time of a call."""
    times = []
    for number in range(count):
        began = time.process_time()
        repeat(number)
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def one_process(key: bytes) -> None:
    evidences = [signed_evidence(name=f"Zoë Müller {number}") for number in range(REPEATS)]
    sealer = Sealer(SealingKey.from_pkcs12(key, PASSWORD))
    pdfs = [render_pdf(evidence) for evidence in evidences]
    sealed = [sealer.seal(pdf) for pdf in pdfs]
    fresh = [signed_evidence(name=f"Ada {number}") for number in range(REPEATS)]
    render, seal = (
        measured(lambda number: render_pdf(fresh[number])),
        measured(lambda number: sealer.seal(pdfs[number])),
    )
    print(f"one process, CPU: render {render:.1f} ms + seal {seal:.1f} ms = {render + seal:.1f} ms (goal 45)")
    print(f"verify: {measured(lambda number: verify_pdf(sealed[number])):.1f} ms; size {len(sealed[0]):,} bytes")


def merkle() -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(2500)]
    proof = len(MerkleTree(leaves).proof(0)) * 32
    print(f"Merkle tree of 2,500 leaves: {measured(lambda _: MerkleTree(leaves)):.1f} ms, a proof is {proof} bytes")


_sealer: Sealer | None = None


def start(key: bytes) -> None:
    global _sealer
    _sealer = Sealer(SealingKey.from_pkcs12(key, PASSWORD))


def make(evidence: bytes) -> int:
    assert _sealer
    return len(_sealer.seal(render_pdf(Evidence.from_json(evidence))))


def several_processes(key: bytes, documents: int, processes: int) -> None:
    evidences = [signed_evidence(name=f"Zoë Müller {number}").to_json() for number in range(documents)]
    with ProcessPoolExecutor(processes, get_context("spawn"), start, (key,)) as pool:
        list(pool.map(make, evidences[:processes]))
        began = time.perf_counter()
        sizes = list(pool.map(make, evidences, chunksize=4))
        seconds = time.perf_counter() - began
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = children.ru_utime + children.ru_stime
    print(
        f"{len(sizes)} documents on {processes} processes, wall: {seconds:.1f} s (goal 20 for 500 on 2), "
        f"{1000 * seconds / documents:.1f} ms a document; "
        f"CPU {cpu:.1f} s with starting, {1000 * cpu / documents:.1f} ms a document"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    key = make_test_key(PASSWORD)
    merkle()
    one_process(key)
    several_processes(key, given.documents, given.processes)


if __name__ == "__main__":
    main()
