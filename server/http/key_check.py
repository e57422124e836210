"""Whether a key is still valid, checked regularly while a stream is open: a revoked one ends it within a second."""

from typing import Final

from bulksend.db.errors import ANY_FAILURE
from bulksend.resolvers.errors import Unauthenticated
from bulksend.server.http.authentication import Authenticator

# The authenticator notices a revocation within half a second, so the stream ends within one.
CHECK_SECONDS: Final = 0.3


async def is_refused(authenticator: Authenticator, authorization: str | None) -> Unauthenticated | None:
    """Return `Unauthenticated` if the key was revoked; None if it is valid or if the database is unavailable."""
    try:
        await authenticator.viewer(authorization)
    except Unauthenticated as refusal:
        return refusal
    except ANY_FAILURE:
        return None
    return None
