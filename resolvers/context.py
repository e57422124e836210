"""What a resolver is handed: the gateway's long-lived parts, and what belongs to one request."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.delivery.signing_links import SigningLinks
from bulksend.resolvers.errors import Forbidden, Unauthenticated
from bulksend.resolvers.loaders import Loaders
from bulksend.resolvers.viewer import Scope, Viewer


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of one process that every request shares.

    `read_pool` may lead to a replica: list pages only. `sync_wait`: how long a create waits for its delivery.
    `bulk_send_interval`: the least time between two creates of an organization; 0 switches the rule off.
    `stopping`: set when the process ends.
    """

    pool: Pool
    read_pool: Pool
    notices: Notices
    links: SigningLinks
    sync_wait: timedelta
    bulk_send_interval: timedelta
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop_waiting(self) -> None:
        """Have every waiting create answer with what is true now: the process is about to end."""
        self.stopping.set()
        self.notices.wake_watchers()


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where an API key stands within its requests a minute. `resets_at`: seconds since the epoch."""

    limit: int
    remaining: int
    resets_at: float


@dataclass(slots=True)
class Context:
    """One request: who asks, with loaders of its own."""

    gateway: Gateway
    viewer: Viewer | None
    allowance: Allowance | None
    request_id: str
    loaders: Loaders = field(init=False)
    retry_after: int | None = None
    _reported: set[tuple[str, Scope]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.renew_loaders()

    def renew_loaders(self) -> None:
        """Forget what was loaded: a subscription reads each of its events afresh."""
        self.loaders = Loaders(self.gateway.pool, self.viewer.organization_id if self.viewer else None)

    @property
    def caller(self) -> Viewer:
        """Who asks. Raises `Unauthenticated` when nobody does."""
        if self.viewer is None:
            raise Unauthenticated
        return self.viewer

    def may(self, coordinate: str, *scopes: Scope) -> bool:
        """Tell whether the viewer has one of the scopes.

        `coordinate`: the field that asks, such as `Document.signingUrl`. Raises `Forbidden` the first time it is
        refused for want of this scope; afterwards gives False, so that a page of 500 documents has one such error and
        not 500.
        """
        if self.has(*scopes):
            return True
        if (coordinate, scopes[0]) in self._reported:
            return False
        self._reported.add((coordinate, scopes[0]))
        raise Forbidden(scopes[0])

    def has(self, *scopes: Scope) -> bool:
        """Tell whether the viewer has one of the scopes; nothing is said if not."""
        return not self.caller.scopes.isdisjoint(scopes)

    def require(self, *scopes: Scope) -> None:
        """Raise `Forbidden` unless the viewer has one of the scopes."""
        if self.caller.scopes.isdisjoint(scopes):
            raise Forbidden(scopes[0])
