"""Automatic persisted queries of Apollo's clients: a document is sent once, and identified by its hash from then on.

They are stored in the database for all gateways, and the last used ones in this process. Each organization has its own,
so that none can evict or find those of another; requests without an API key have none.
"""

from typing import ClassVar, Final
from uuid import UUID

import structlog
from cachetools import TTLCache

from bulksend.db import persisted_queries
from bulksend.db.errors import ANY_FAILURE
from bulksend.db.pool import Pool, reading
from bulksend.resolvers.errors import DomainError, ErrorCode
from bulksend.resolvers.viewer import Viewer
from bulksend.server.graphql.request import GraphQLRequest

KEPT_BY_AN_ORGANIZATION: Final = 1_000
KEPT_BY_A_PROCESS: Final = 500
LONGEST: Final = 20_000
# After this time the document is read from the database again, which records that it is still in use.
KEEP_SECONDS: Final = 3600.0

log = structlog.get_logger(__name__)


class PersistedQueryNotFound(DomainError):
    """PersistedQueryNotFound"""  # Apollo's clients look for this text.

    code: ClassVar[ErrorCode] = ErrorCode.PERSISTED_QUERY_NOT_FOUND


class PersistedQueries:
    """The persisted queries of one process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: TTLCache[tuple[UUID, bytes], str] = TTLCache(KEPT_BY_A_PROCESS, KEEP_SECONDS)

    async def query(self, asked: GraphQLRequest, viewer: Viewer | None) -> str:
        """Return the requested document, given as text or by its hash. Raise `PersistedQueryNotFound`."""
        if asked.query is not None:
            return asked.query
        if viewer is None or asked.sha256 is None:
            raise PersistedQueryNotFound
        return self._recall(viewer, asked.sha256) or await self._find(viewer, asked.sha256)

    async def store(self, asked: GraphQLRequest, viewer: Viewer | None) -> None:
        """Store a document that came with its hash, once it was executed: invalid documents are not stored.

        Failures of the database are not raised, since the request has its result already.
        """
        if viewer is None or asked.sha256 is None or asked.query is None or not _can_be_stored(asked.query):
            return
        if self._recall(viewer, asked.sha256) is not None:
            return
        try:
            async with self._pool.acquire() as conn:
                await persisted_queries.store(
                    conn,
                    organization_id=viewer.organization_id,
                    sha256=asked.sha256,
                    query=asked.query,
                    keep=KEPT_BY_AN_ORGANIZATION,
                )
        except ANY_FAILURE as error:
            log.warning("a persisted query was not stored", error=type(error).__name__)
            return
        self._keep(viewer, asked.sha256, asked.query)

    async def _find(self, viewer: Viewer, sha256: bytes) -> str:
        async with reading(self._pool) as conn:
            query = await persisted_queries.find(conn, organization_id=viewer.organization_id, sha256=sha256)
        if query is None:
            raise PersistedQueryNotFound
        self._keep(viewer, sha256, query)
        return query

    def _recall(self, viewer: Viewer, sha256: bytes) -> str | None:
        return self._kept.get((viewer.organization_id, sha256))

    def _keep(self, viewer: Viewer, sha256: bytes, query: str) -> None:
        self._kept[viewer.organization_id, sha256] = query


def _can_be_stored(query: str) -> bool:
    # A PostgreSQL text has neither NUL characters nor lone surrogates.
    return len(query) <= LONGEST and "\0" not in query and not any("\ud800" <= letter <= "\udfff" for letter in query)
