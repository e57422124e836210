"""The arguments of every resolver: the long-lived parts of a process, and the state of one request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple, TypeVar

from bulksend.db import ids
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.db.read_replica import ReadReplica
from bulksend.delivery.download_links import DownloadLinks
from bulksend.delivery.event_log import Source
from bulksend.delivery.signing_links import SigningLinks
from bulksend.resolvers.bulk_send_feed import Feeds
from bulksend.resolvers.errors import Forbidden, Unauthenticated
from bulksend.resolvers.fair_thread import FairThread
from bulksend.resolvers.loaders import Loaders
from bulksend.resolvers.organization_feed import OrganizationFeeds
from bulksend.resolvers.viewer import Scope, Viewer

MOST_TEMPLATES_WAITING: Final = 20

Result = TypeVar("Result")


def _template_thread() -> FairThread:
    return FairThread("templates", most_waiting=MOST_TEMPLATES_WAITING)


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of one process that every request shares.

    `replica` is read for list pages only. `sync_wait`: how long a create waits for its
    delivery. `bulk_send_interval`: the minimum time between two creates of an organization; 0 disables the limit.
    `stopping`: set when the process shuts down. `feeds` and `organization_feeds`: what is being watched.
    `template_thread`: where templates' texts are parsed and rendered, which may take seconds.
    """

    pool: Pool
    replica: ReadReplica
    notices: Notices
    links: SigningLinks
    downloads: DownloadLinks
    sync_wait: timedelta
    bulk_send_interval: timedelta
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    feeds: Feeds = field(init=False)
    organization_feeds: OrganizationFeeds = field(init=False)
    template_thread: FairThread = field(default_factory=_template_thread)

    def __post_init__(self) -> None:
        object.__setattr__(self, "feeds", Feeds(self.pool, self.notices))
        object.__setattr__(self, "organization_feeds", OrganizationFeeds(self.pool, self.notices))

    def stop_waiting(self) -> None:
        """Make every waiting create return the current state, because the process is shutting down."""
        self.stopping.set()
        self.notices.wake_watchers()


class Allowance(NamedTuple):
    """The request quota of an API key. `resets_at`: seconds since the epoch."""

    limit: int
    remaining: int
    resets_at: float


@dataclass(slots=True)
class Context:
    """One request: its viewer and its loaders.

    `source_of`: returns where the request comes from, given who acts. `cost`: its operation's, once it is known.
    """

    gateway: Gateway
    viewer: Viewer | None
    allowance: Allowance | None
    request_id: str
    source_of: Callable[[str], Source] = Source
    loaders: Loaders = field(init=False)
    retry_after: int | None = None
    cost: int = 0
    _reported: set[tuple[str, Scope]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.renew_loaders()

    def renew_loaders(self) -> None:
        """Discard everything loaded so far, so that later fields read current data."""
        self.loaders = Loaders(self.gateway.pool, self.viewer.organization_id if self.viewer else None)

    @property
    def caller(self) -> Viewer:
        """The viewer. Raise `Unauthenticated` if the request has none."""
        if self.viewer is None:
            raise Unauthenticated
        return self.viewer

    @property
    def source(self) -> Source:
        """Who acts and from where, for events. Raise `Unauthenticated` if nobody does."""
        return self.source_of(ids.encode(ids.API_KEY, self.caller.api_key_id))

    def may(self, coordinate: str, *scopes: Scope) -> bool:
        """Return whether the viewer has one of the scopes.

        `coordinate`: the field being resolved, such as `Document.signingUrl`. Raise `Forbidden` the first time this
        field lacks the scope and return False afterwards, so that a page of 500 documents has one such error.
        """
        if self.has(*scopes):
            return True
        if (coordinate, scopes[0]) in self._reported:
            return False
        self._reported.add((coordinate, scopes[0]))
        raise Forbidden(scopes[0])

    def has(self, *scopes: Scope) -> bool:
        """Return whether the viewer has one of the scopes."""
        return not self.caller.scopes.isdisjoint(scopes)

    def in_template_thread(self, call: Callable[[], Result]) -> Awaitable[Result]:
        """Run a function that parses or renders templates, in turn with those of other organizations."""
        return self.gateway.template_thread.run(self.caller.organization_id, call)

    def begin_mutation(self, scope: Scope) -> None:
        """Raise `Forbidden` without the scope; else discard what earlier mutations of the request have loaded."""
        self.require(scope)
        self.renew_loaders()

    def require(self, *scopes: Scope) -> None:
        """Raise `Forbidden` unless the viewer has one of the scopes."""
        if self.caller.scopes.isdisjoint(scopes):
            raise Forbidden(scopes[0])
