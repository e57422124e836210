"""What can go wrong with the database that rooms above must tell apart."""

from typing import Final

import asyncpg

# The connection ended or never was: whether a commit under way took place is unknown.
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

# There is no way to the database as it is set: nothing was asked of it, or nothing more can be.
UNREACHABLE: Final = (
    *CONNECTION_LOST,
    OSError,  # such as no route, no name, no socket
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # it takes no connections now
)

# Whatever the database answers or fails to answer: for what matters less than what it stands in the way of.
ANY_FAILURE: Final = (*UNREACHABLE, asyncpg.PostgresError)

# The transaction was rolled back for no fault of its own and can be run again.
TRANSIENT: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
