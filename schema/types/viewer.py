"""Viewer: who asks, and how much may be asked."""

from datetime import UTC, datetime
from typing import Self

import strawberry

from bulksend.db import ids
from bulksend.resolvers import rate_limit
from bulksend.resolvers.context import Allowance
from bulksend.resolvers.viewer import Scope
from bulksend.resolvers.viewer import Viewer as Caller
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node


@strawberry.type(description="The tenant: everything belongs to exactly one.")
class Organization(Node):
    """The tenant."""

    name: str = strawberry.field(description="Its name, which signers see.")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Dress the viewer's organization."""
        return cls(
            id=strawberry.ID(ids.encode(ids.ORGANIZATION, caller.organization_id)), name=caller.organization_name
        )


@strawberry.type(description="The API key of this request; its secret is never shown again.")
class ApiKey(Node):
    """The API key of this request."""

    name: str = strawberry.field(description="Its name, given when it was made.")
    scopes: list[str] = strawberry.field(description="What it may do, as granted.")
    expires_at: datetime | None = strawberry.field(description="When it stops working; null is never.")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Dress the viewer's key."""
        return cls(
            id=strawberry.ID(ids.encode(ids.API_KEY, caller.api_key_id)),
            name=caller.api_key_name,
            scopes=list(caller.granted),
            expires_at=caller.expires_at,
        )


@strawberry.type(description="Who asks: the organization and key behind this request.")
class Viewer:
    """Who asks."""

    organization: Organization = strawberry.field(description="The organization whose data this is.")
    api_key: ApiKey = strawberry.field(description="The key of this request.")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Dress the viewer."""
        return cls(organization=Organization.of(caller), api_key=ApiKey.of(caller))


@strawberry.type(description="How much may be asked: bulk sends per organization, requests per API key.")
class RateLimit:
    """How much may be asked."""

    limit: int = strawberry.field(description="Requests a minute with this API key.")
    remaining: int = strawberry.field(description="How many of them are left.")
    reset_at: datetime = strawberry.field(description="When they are all there again.")

    @classmethod
    def of(cls, allowance: Allowance) -> Self:
        """Dress the allowance."""
        reset_at = datetime.fromtimestamp(allowance.resets_at, UTC)
        return cls(limit=allowance.limit, remaining=allowance.remaining, reset_at=reset_at)

    @strawberry.field(description="When the organization may create its next bulk send; null is now.")
    async def next_bulk_send_at(self, info: Info) -> datetime | None:
        """Read the rate."""
        return await rate_limit.next_bulk_send_at(info.context)

    @strawberry.field(
        description=(
            "The newest bulk send: after a broken connection it tells whether the create was accepted. "
            "Needs `bulk_sends.read`."
        )
    )
    async def last_bulk_send(self, info: Info) -> BulkSend | None:
        """Read the newest bulk send."""
        if not info.context.may("RateLimit.lastBulkSend", Scope.BULK_SENDS_READ):
            return None
        row = await rate_limit.last_bulk_send(info.context)
        return BulkSend(row) if row else None
