"""Report the measurements: as a table, and as JSON for the plot."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.growth.measuring import PLANS, Measured
from bench.growth.operations import OPERATIONS


def print_table(measured: Sequence[Measured]) -> None:
    """Print a block for each operation with a line for each database."""
    for name, operation in OPERATIONS.items():
        print(f"\n{operation.title}")
        heads = ("documents", "tenants", "median ms", "p95 ms", "pages", "generic", "custom", "WAL kB", "images")
        print("".join(f"{head:>12}" for head in heads))
        for one in measured:
            if one.operation == name:
                print(_line(one))


def _line(one: Measured) -> str:
    pages = "".join(f"{one.pages[plans]:>12.0f}" for plans in PLANS)
    return (
        f"{one.shape.documents:>12,}{one.shape.tenants:>12,}{one.median:>12.2f}{one.p95:>12.2f}"
        f"{pages}{one.wal_kilobytes:>12.0f}{one.page_images:>12.0f}"
    )


def save(measured: Sequence[Measured], path: Path) -> None:
    """Write the JSON from which the plot is drawn."""
    path.write_text(json.dumps([_record(one) for one in measured], indent=1) + "\n", "utf-8")


def _record(one: Measured) -> dict[str, Any]:
    return {
        "operation": one.operation,
        "documents": one.shape.documents,
        "tenants": one.shape.tenants,
        "calls": len(one.milliseconds),
        "median_ms": round(one.median, 3),
        "p95_ms": round(one.p95, 3),
        "pages": one.pages,
        "wal_kB": round(one.wal_kilobytes, 1),
        "page_images": one.page_images,
    }
