"""A database to measure, and the ids to query in it."""

import random
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from bulksend.db import workers
from bulksend.db.pool import Pool

PAGE: Final = 25
READ: Final = 100
TARGETS: Final = 500

Key: TypeAlias = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Subject:
    """One database and the keys to query: pairs of an organization and an id, an address, or a template."""

    pool: Pool
    worker_id: UUID
    chance: random.Random
    list_starts: list[Key]
    list_middles: list[Key]
    bulk_sends: list[Key]
    signers: list[tuple[UUID, str]]
    templates: list[Key]

    @classmethod
    async def of(cls, pool: Pool, seed: int) -> "Subject":
        """Select the keys to query; the same seed selects the same keys."""
        async with pool.acquire() as conn:
            worker_id = await workers.register(conn)
            found = [[tuple(row) for row in await conn.fetch(sql, TARGETS)] for sql in _TARGETS]
        return cls(pool, worker_id, random.Random(seed), *found)


# Any existing rows, ordered by hash, so that the same ids give the same selection.
_LIST_STARTS: Final = f"""
SELECT organization_id, (array_agg(id))[1]
FROM bulk_sends
GROUP BY organization_id
HAVING count(*) > {PAGE}
ORDER BY md5(organization_id::text)
LIMIT $1
"""
_LIST_MIDDLES: Final = f"""
SELECT organization_id, id
FROM (
    SELECT organization_id, id, row_number() OVER (PARTITION BY organization_id ORDER BY id) AS older
    FROM bulk_sends
) AS listed
WHERE older > {PAGE}
ORDER BY md5(id::text)
LIMIT $1
"""
_READABLE: Final = f"""
SELECT organization_id, id
FROM bulk_sends
WHERE total_count = {READ}
ORDER BY md5(id::text)
LIMIT $1
"""
_SIGNERS: Final = """
SELECT documents.organization_id, documents.signer_email
FROM (SELECT organization_id, id FROM bulk_sends ORDER BY md5(id::text) LIMIT $1) AS parents
INNER JOIN documents ON parents.organization_id = documents.organization_id AND parents.id = documents.bulk_send_id
WHERE documents.signer_index = 0
"""
_TEMPLATES: Final = "SELECT organization_id, id FROM templates ORDER BY md5(id::text) LIMIT $1"
_TARGETS: Final = (_LIST_STARTS, _LIST_MIDDLES, _READABLE, _SIGNERS, _TEMPLATES)
