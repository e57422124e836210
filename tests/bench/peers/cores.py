"""The CPU cores of the benchmark, and processor times of processes and cores."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SERVER_CORE: Final = 0
OTHER_CORE: Final = 1
TICK: Final = 1000 / os.sysconf("SC_CLK_TCK")  # milliseconds
# /proc/<pid>/stat after the name in parentheses: state, parent, …, user and system time, also of dead children.
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)
# Fields of a core in /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal; user includes all later ones.
_CORE_TIMES: Final = slice(1, 9)
_IDLE: Final = slice(3, 5)


@dataclass(frozen=True, slots=True)
class Busy:
    """Ticks of a core since the machine started: busy and total."""

    at_work: int
    all: int

    def part_since(self, before: "Busy") -> float:
        """Return the fraction (0-1) of the time since `before` that the core was busy."""
        return (self.at_work - before.at_work) / (self.all - before.all)


def on_core(core: int, command: list[str]) -> list[str]:
    """Return the command so that it runs on one core and ends when this process does."""
    return ["setpriv", "--pdeathsig", "KILL", "taskset", "--cpu-list", str(core), *command]


def used(process_id: int) -> float:
    """Return the processor time of a process and all its descendants, including ended ones, in milliseconds."""
    stats = {int(path.name): stat for path in Path("/proc").glob("[0-9]*") if (stat := _stat(path))}
    family = {process_id}
    while grown := {child for child, stat in stats.items() if int(stat[_PARENT]) in family} - family:
        family |= grown
    return sum(int(ticks) for member in family if member in stats for ticks in stats[member][_TIMES]) * TICK


def busy(core: int) -> Busy:
    """Return the ticks of a core up to now."""
    lines = Path("/proc/stat").read_text().splitlines()
    (ticks,) = ([int(text) for text in line.split()[_CORE_TIMES]] for line in lines if line.startswith(f"cpu{core} "))
    return Busy(sum(ticks) - sum(ticks[_IDLE]), sum(ticks))


def _stat(path: Path) -> list[str]:
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
