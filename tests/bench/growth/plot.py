"""Plot the measurements: milliseconds over documents, with a line for each operation and number of tenants.

    .venv/bin/python tests/bench/growth/plot.py growth.json growth.svg

Needs matplotlib.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

COLOURS: Final = {
    "create": ("create, 500 signers", "#c0392b"),
    "claim": ("claim 10 documents", "#8e44ad"),
    "read": ("read one and 100 documents", "#2471a3"),
    "list_deep": ("list, 25 from deep in it", "#b9770e"),
    "list_first": ("list, the first 25", "#1e8449"),
    "list_signer": ("list by signer's address", "#7f8c8d"),
}
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "growth",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
}
STYLES: Final = ("-", "--", ":")
TICKS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def draw(source: Path, target: Path) -> None:
    """Draw the measurements in `source` into the SVG `target`; the same measurements result in the same bytes."""
    records = json.loads(source.read_text("utf-8"))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7, 4.2), facecolor="white", layout="constrained")
        _lines(axes, records)
        _dress(axes, records)
        figure.savefig(target, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _lines(axes: Axes, records: list[dict[str, Any]]) -> None:
    for number, tenants in enumerate(_values(records, "tenants")):
        for operation, (title, colour) in COLOURS.items():
            found = [one for one in records if one["operation"] == operation and one["tenants"] == tenants]
            found.sort(key=lambda one: int(one["documents"]))
            axes.plot(
                [one["documents"] for one in found],
                [one["median_ms"] for one in found],
                STYLES[number % len(STYLES)],
                color=colour,
                marker="o" if number == 0 else "s",
                markersize=4,
                markerfacecolor=colour if number == 0 else "white",
                label=title if number == 0 else None,
            )


def _dress(axes: Axes, records: list[dict[str, Any]]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(_values(records, "documents"))
    axes.set_yticks([tick for tick in TICKS if axes.get_ylim()[0] <= tick <= axes.get_ylim()[1]])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("documents in the database")
    axes.set_ylabel("ms, median")
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    for number, tenants in enumerate(_values(records, "tenants")):
        label = "1 tenant" if tenants == 1 else f"{tenants:,} tenants"
        axes.plot([], [], STYLES[number % len(STYLES)], color="#333333", label=label)
    axes.figure.legend(loc="outside right center", frameon=False)


def _values(records: list[dict[str, Any]], name: str) -> list[int]:
    return sorted({record[name] for record in records})


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
