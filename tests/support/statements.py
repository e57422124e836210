"""Count the statements that a request executes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bulksend.db.pool import Pool
from bulksend.db.queries import BOUND


@asynccontextmanager
async def counted(pool: Pool) -> AsyncIterator[list[str]]:
    """Yield a list that collects the statements sent over the pool's connections."""
    statements: list[str] = []

    def note(record: Any) -> None:
        statements.append(record.query)

    connections = [await pool.acquire() for _ in range(pool.get_max_size())]
    for connection in connections:
        # asyncpg learns these types once a connection; that is not a request's doing.
        await connection.fetch("SELECT $1::uuid[], $2::text[], NULL::bulk_send_rows", [], [])
        connection.add_query_logger(note)
        await pool.release(connection)
    try:
        yield statements
    finally:
        connections = [await pool.acquire() for _ in range(pool.get_max_size())]
        for connection in connections:
            connection.remove_query_logger(note)
            await pool.release(connection)


def purposes(statements: list[str]) -> str:
    return "\n".join(statement.partition("\n")[0] for statement in statements)


def names(statements: list[str]) -> list[str]:
    """Return the names of the statements, BEGIN and COMMIT included, without those that look up the API key."""
    known = {bound.text: f"{noun}.{name}" for (noun, name), bound in BOUND.items()}
    named = [known.get(one) or one.partition(";")[0] for one in statements]
    return [one for one in named if not one.startswith("api_keys.")]
