"""The output of `bulksend send`: progress on standard error, and the outcome of each row as CSV."""

import codecs
import csv
import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import click

from bulksend.client.send import Outcome, Show

SECONDS_BETWEEN_LINES: Final = 10.0

_HEADER: Final = ("line", "name", "email", "document_id", "delivery_status", "error_code", "error_message")
# Characters that begin a formula in spreadsheets; https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def progress(total: int) -> Iterator[Show]:
    """Return a progress display: a bar on a terminal, otherwise a line from time to time."""
    if not sys.stderr.isatty():
        yield _Lines(total)
        return
    with click.progressbar(
        length=total, label="Sending", show_pos=True, item_show_func=_failures, file=sys.stderr
    ) as bar:

        def show(sent: int, failed: int) -> None:
            bar.update(sent + failed - bar.pos, failed)

        yield show


def outcome_csv(outcomes: Sequence[Outcome], *, excel: bool = False) -> bytes:
    """Return the outcomes as CSV, a row for each recipient, in UTF-8 or in the format that Excel opens in every locale.

    That is UTF-16 with tabs, because Excel expects neither UTF-8 without a byte order mark nor commas everywhere.

    Cells that a spreadsheet would run as a formula get an apostrophe at the beginning, which makes them text.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written, dialect="excel-tab") if excel else csv.writer(written, lineterminator="\n")
    writer.writerow(_HEADER)
    for outcome in outcomes:
        writer.writerow([outcome.recipient.line, *map(_as_text, _cells(outcome))])
    text = written.getvalue()
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le") if excel else text.encode()


def _cells(outcome: Outcome) -> tuple[str, ...]:
    given = outcome.recipient.cells
    delivery = (outcome.document_id, outcome.status, outcome.error_code, outcome.error_message)
    return given["name"], given["email"], *delivery


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _failures(failed: int | None) -> str | None:
    return f"{failed} failed" if failed else None


class _Lines:
    """Progress as lines, at most one every ten seconds, while it changes."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._told_at = time.monotonic()
        self._told = (0, 0)

    def __call__(self, sent: int, failed: int) -> None:
        """Write a line if the numbers have changed and the last line is old enough."""
        if (sent, failed) == self._told or time.monotonic() - self._told_at < SECONDS_BETWEEN_LINES:
            return
        self._told_at, self._told = time.monotonic(), (sent, failed)
        click.echo(f"{sent} of {self._total} sent, {failed} failed", err=True)
