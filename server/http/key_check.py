"""Whether a key is still good, asked again and again while a stream is open: a revoked one ends within a second."""

from typing import Final

from bulksend.db.errors import ANY_FAILURE
from bulksend.resolvers.errors import Unauthenticated
from bulksend.server.http.authentication import Authenticator

# With what the authenticator remembers, half a second, it stays under one.
CHECK_SECONDS: Final = 0.3


async def is_refused(authenticator: Authenticator, authorization: str | None) -> Unauthenticated | None:
    """Give the refusal of a key that is no longer good. While the database does not tell, it stays good."""
    try:
        await authenticator.viewer(authorization)
    except Unauthenticated as refusal:
        return refusal
    except ANY_FAILURE:
        return None
    return None
