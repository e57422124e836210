"""Count the statements that a request executes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from asyncpg.introspection import INTRO_LOOKUP_TYPES

from bulksend.db.pool import Pool
from bulksend.db.queries import BOUND

# Statements that asyncpg sends itself, once per connection and type, before the first use of an array or composite.
_TYPE_LOOK_UPS: Final = frozenset(
    {
        " ".join(INTRO_LOOKUP_TYPES.split()),
        "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
        "SELECT set_config('jit', $1, false)",
    }
)


@asynccontextmanager
async def counted(pool: Pool) -> AsyncIterator[list[str]]:
    """Yield a list that collects the statements sent over the pool's connections, without asyncpg's type look-ups."""
    statements: list[str] = []

    def note(record: Any) -> None:
        if not _looks_up_types(record.query):
            statements.append(record.query)

    connections = [await pool.acquire() for _ in range(pool.get_max_size())]
    for connection in connections:
        connection.add_query_logger(note)
        await pool.release(connection)
    try:
        yield statements
    finally:
        connections = [await pool.acquire() for _ in range(pool.get_max_size())]
        for connection in connections:
            connection.remove_query_logger(note)
            await pool.release(connection)


def _looks_up_types(statement: str) -> bool:
    return " ".join(statement.split()) in _TYPE_LOOK_UPS


def purposes(statements: list[str]) -> str:
    return "\n".join(statement.partition("\n")[0] for statement in statements)


def names(statements: list[str]) -> list[str]:
    """Return the names of the statements, BEGIN and COMMIT included, without those that look up the API key."""
    known = {bound.text: f"{noun}.{name}" for (noun, name), bound in BOUND.items()}
    named = [known.get(one) or one.partition(";")[0] for one in statements]
    return [one for one in named if not one.startswith("api_keys.")]
