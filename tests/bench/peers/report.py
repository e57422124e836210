"""Report the medians of the rounds: as a table for the terminal, as Markdown for the documentation and as JSON."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from bench.peers.load import Measured
from bench.peers.workloads import WORKLOADS

OURS: Final = "bulksend"
# Core usage: below `WAITING` the server waits for something; above `FULL` the other core is saturated.
WAITING: Final = 0.95
FULL: Final = 0.93
Rounds = Mapping[str, Sequence[Measured]]


def medians(rounds: Sequence[Measured]) -> Measured:
    """Return the median of each field."""
    return Measured(
        **{field.name: statistics.median(getattr(each, field.name) for each in rounds) for field in fields(Measured)}
    )


def table(workload: str, rounds: Rounds) -> str:
    """Return the terminal lines of one workload: one per server, with Bulksend's ratio to it by rate and by CPU."""
    head = (
        f"{workload:18} {'req/s':>8} {'(least–most)':>15} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'server ms':>10} "
        f"{'database ms':>12} {'its core':>9} {'other core':>11} {'wrk':>5} {'rate':>6} {'CPU':>6}"
    )
    ours = medians(rounds[OURS]) if OURS in rounds else None
    return "\n".join([head, *(_line(name, runs, ours) for name, runs in rounds.items()), ""])


def _line(name: str, runs: Sequence[Measured], ours: Measured | None) -> str:
    middle = medians(runs)
    rates = [run.rate for run in runs]
    spread = f"({min(rates):.0f}–{max(rates):.0f})"
    ratios = f"{ours.rate / middle.rate:6.2f} {middle.server_time / ours.server_time:6.2f}" if ours else ""
    return (
        f"  {name:16} {middle.rate:8.1f} {spread:>15} {middle.p50:8.2f} {middle.p99:8.2f} {middle.longest:8.1f} "
        f"{middle.server_time:10.3f} {middle.database_time:12.3f} {middle.server_busy:9.0%} {middle.other_busy:11.0%} "
        f"{middle.load_busy:5.0%} {ratios}"
    )


def markdown(measured: Mapping[str, Rounds]) -> str:
    """Return the three tables of docs/performance.md: rates, ratios and latencies."""
    servers = list(dict.fromkeys(name for rounds in measured.values() for name in rounds))
    middles = {
        workload: {name: medians(runs) for name, runs in rounds.items()} for workload, rounds in measured.items()
    }
    return "\n\n".join(
        [
            _table(["", *servers], ([_title(work), *_rates(row, servers)] for work, row in middles.items())),
            _table(
                ["Bulksend over", *(name for name in servers if name != OURS)],
                ([work, *_ratios(row, servers)] for work, row in middles.items() if OURS in row),
            ),
            _table(
                ["p50 / p99 / longest, ms", *servers],
                ([work, *_latencies(row, servers)] for work, row in middles.items()),
            ),
        ]
    )


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def _title(workload: str) -> str:
    return f"{workload}: {WORKLOADS[workload].title}" if workload in WORKLOADS else workload


def _rates(row: Mapping[str, Measured], servers: list[str]) -> list[str]:
    return [_rate(row[name]) if name in row else "" for name in servers]


def _rate(middle: Measured) -> str:
    rate = f"{middle.rate:,.0f}" if middle.rate >= 100 else f"{middle.rate:.1f}"
    return f"{rate} ({middle.server_time:.2g})" if middle.server_time < 10 else f"{rate} ({middle.server_time:.0f})"


def _ratios(row: Mapping[str, Measured], servers: list[str]) -> list[str]:
    return [_ratio(row[OURS], row[name]) if name in row else "" for name in servers if name != OURS]


def _ratio(ours: Measured, other: Measured) -> str:
    """Return the ratio of the rates; if a rate was limited from outside, the ratio of processor times, in italics."""
    by_time = other.server_time / ours.server_time
    return f"*{by_time:.2f}*" if _is_held_back(ours) or _is_held_back(other) else f"{ours.rate / other.rate:.2f}"


def _is_held_back(middle: Measured) -> bool:
    return middle.server_busy < WAITING and middle.other_busy > FULL


def _latencies(row: Mapping[str, Measured], servers: list[str]) -> list[str]:
    return [
        f"{row[name].p50:.1f} / {row[name].p99:.0f} / {row[name].longest:.0f}" if name in row else ""
        for name in servers
    ]


def as_json(measured: Mapping[str, Rounds]) -> dict[str, Any]:
    """Return all results: workload → server → medians and each round."""
    return {
        workload: {
            name: {"median": asdict(medians(runs)), "rounds": [asdict(run) for run in runs]}
            for name, runs in rounds.items()
        }
        for workload, rounds in measured.items()
    }
