"""Named SQL from `sql/queries/<noun>.sql`, bound to the row class that its columns must match.

A query has a `-- name: …` line, a comment on its purpose, and native SQL with `$1`:

    -- name: get
    -- Fetch a bulk send by its id, unless deleted.
    SELECT …

Binding registers a query in `BOUND`; a test prepares each of them against a migrated database.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Generic, TypeVar, cast, get_type_hints

from bulksend.db.pool import Connection
from bulksend.db.rows import Row as LazyRow
from bulksend.db.timestamps import is_moment, moment

Row = TypeVar("Row")
Narrowed = TypeVar("Narrowed", bound=LazyRow)

_NAMED: Final = re.compile(r"^-- name: (?P<name>\w+)\n(?P<text>-- .+?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Query(Generic[Row]):
    """A statement and the class of its rows, which has the columns in order: a dataclass or a `Row`.

    `moments`: which columns of a dataclass are times.
    """

    noun: str
    name: str
    text: str
    row: type[Row]
    moments: tuple[int, ...] = ()

    async def all(self, conn: Connection, *arguments: object) -> list[Row]:
        """Execute the statement and return every row."""
        if issubclass(self.row, LazyRow):
            return cast("list[Row]", await conn.fetch(self.text, *arguments, record_class=self.row))
        return [self._made(record) for record in await conn.fetch(self.text, *arguments)]

    async def all_as(self, row: type[Narrowed], conn: Connection, *arguments: object) -> list[Narrowed]:
        """Execute the statement and return every row as a `LazyRow` that may have the first of the columns alone."""
        return cast("list[Narrowed]", await conn.fetch(self.text, *arguments, record_class=row))

    async def one(self, conn: Connection, *arguments: object) -> Row | None:
        """Execute the statement and return the first row, or None."""
        if issubclass(self.row, LazyRow):
            return cast("Row | None", await conn.fetchrow(self.text, *arguments, record_class=self.row))
        record = await conn.fetchrow(self.text, *arguments)
        return None if record is None else self._made(record)

    def _made(self, record: Iterable[Any]) -> Row:
        values = list(record)
        for index in self.moments:
            if values[index] is not None:
                values[index] = moment(values[index])
        return self.row(*values)


@dataclass(frozen=True, slots=True)
class Command:
    """A statement that returns at most one value, which is not a time."""

    noun: str
    name: str
    text: str

    async def run(self, conn: Connection, *arguments: object) -> str:
        """Execute the statement and return PostgreSQL's command tag, such as `UPDATE 1`."""
        tag: str = await conn.execute(self.text, *arguments)
        return tag

    async def value(self, conn: Connection, *arguments: object) -> object:
        """Execute the statement and return the first column of the first row, or None."""
        return await conn.fetchval(self.text, *arguments)


BOUND: Final[dict[tuple[str, str], Query[object] | Command]] = {}


def query(noun: str, name: str, row: type[Row]) -> Query[Row]:
    """Bind a query that returns rows of class `row`."""
    moments = tuple(index for index, of in enumerate(get_type_hints(row).values()) if is_moment(of))
    bound = Query(noun, name, _texts(noun)[name], row, moments)
    BOUND[noun, name] = bound  # type: ignore[assignment]  # Query is invariant in its row; readers only look
    return bound


def command(noun: str, name: str) -> Command:
    """Bind a statement that is executed for its effect or for one value."""
    bound = BOUND[noun, name] = Command(noun, name, _texts(noun)[name])
    return bound


@cache
def _texts(noun: str) -> Mapping[str, str]:
    source = (files("bulksend") / "sql" / "queries" / f"{noun}.sql").read_text("utf-8")
    return {match["name"]: match["text"].strip() for match in _NAMED.finditer(source)}
