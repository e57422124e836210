"""Groups of database errors that callers handle differently."""

from typing import Final

import asyncpg

# The connection was lost or never opened: the outcome of a commit in progress is unknown.
CONNECTION_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InternalClientError,  # asyncpg's own state, after the connection ended in the middle of something
    ConnectionError,
    TimeoutError,
)

# The configured database cannot be reached: no statement was executed, or none can be any more.
UNREACHABLE: Final = (
    *CONNECTION_LOST,
    OSError,  # such as no route, no name, no socket
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # it takes no connections now
)

# Every failure of the database, for work that must not fail its caller.
ANY_FAILURE: Final = (*UNREACHABLE, asyncpg.PostgresError)

# The transaction was rolled back because of concurrent ones and can be retried.
TRANSIENT: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)

# The database did not do what it was asked, and may do it if asked again.
UNAVAILABLE: Final = (*UNREACHABLE, *TRANSIENT)
