"""Medians of the rounds, as a table for people and as JSON for programs."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from bench.peers.load import Measured

OURS = "bulksend"
Rounds = Mapping[str, Sequence[Measured]]


def medians(rounds: Sequence[Measured]) -> Measured:
    """Give the median of each number by itself."""
    return Measured(
        **{field.name: statistics.median(getattr(each, field.name) for each in rounds) for field in fields(Measured)}
    )


def table(workload: str, rounds: Rounds) -> str:
    """Give one workload's lines: a server each, and Bulksend's requests a second over its own."""
    ours = medians(rounds[OURS]).rate if OURS in rounds else None
    head = (
        f"{workload:18} {'req/s':>8} {'(least–most)':>15} {'p50 ms':>8} {'p99 ms':>8} {'server ms':>10} "
        f"{'database ms':>12} {'its core':>9} {'other core':>11} {'bulksend/it':>12}"
    )
    return "\n".join([head, *(_line(name, runs, ours) for name, runs in rounds.items()), ""])


def _line(name: str, runs: Sequence[Measured], ours: float | None) -> str:
    middle = medians(runs)
    rates = [run.rate for run in runs]
    spread = f"({min(rates):.0f}–{max(rates):.0f})"
    ratio = f"{ours / middle.rate:12.2f}" if ours else ""
    return (
        f"  {name:16} {middle.rate:8.1f} {spread:>15} {middle.p50:8.2f} {middle.p99:8.2f} {middle.server_time:10.3f} "
        f"{middle.database_time:12.3f} {middle.server_busy:9.0%} {middle.other_busy:11.0%} {ratio}"
    )


def as_json(measured: Mapping[str, Rounds]) -> dict[str, Any]:
    """Give everything: workload → server → medians and each round."""
    return {
        workload: {
            name: {"median": asdict(medians(runs)), "rounds": [asdict(run) for run in runs]}
            for name, runs in rounds.items()
        }
        for workload, rounds in measured.items()
    }
