"""Viewer: who asks, and how much may be asked."""

from datetime import UTC, datetime
from typing import Self

import strawberry

from bulksend.db import ids
from bulksend.resolvers import bulk_sends
from bulksend.resolvers.context import Allowance
from bulksend.resolvers.viewer import Scope
from bulksend.resolvers.viewer import Viewer as Caller
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.info import Info
from bulksend.schema.types.node import Node


@strawberry.type(description="An organization. Every object belongs to exactly one.")
class Organization(Node):
    name: str = strawberry.field(description="Name, shown to signers.")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Return the organization of a viewer."""
        return cls(
            id=strawberry.ID(ids.encode(ids.ORGANIZATION, caller.organization_id)), name=caller.organization_name
        )


@strawberry.type(description="An API key. Its secret is shown only once, when it is created.")
class ApiKey(Node):
    name: str = strawberry.field(description="Name given when the key was created.")
    scopes: list[str] = strawberry.field(description="Scopes granted to the key, wildcards included.")
    expires_at: datetime | None = strawberry.field(description="Time when the key expires; null if it does not.")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Return the API key of a viewer."""
        return cls(
            id=strawberry.ID(ids.encode(ids.API_KEY, caller.api_key_id)),
            name=caller.api_key_name,
            scopes=list(caller.granted),
            expires_at=caller.expires_at,
        )


@strawberry.type(description="The organization and API key that the request is authenticated with.")
class Viewer:
    organization: Organization = strawberry.field(description="The organization.")
    api_key: ApiKey = strawberry.field(description="The API key.")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Return the GraphQL type of a viewer."""
        return cls(organization=Organization.of(caller), api_key=ApiKey.of(caller))


@strawberry.type(description="Rate limits: bulk sends per organization and requests per API key.")
class RateLimit:
    limit: int = strawberry.field(description="Requests per minute allowed for this API key.")
    remaining: int = strawberry.field(description="Requests left in the current minute.")
    reset_at: datetime = strawberry.field(description="Time when `remaining` is back at `limit`.")
    cost: int = strawberry.field(description="Cost of this operation; at most 20,000 is allowed.")

    @classmethod
    def of(cls, allowance: Allowance, cost: int) -> Self:
        """Return the rate limits of an allowance, and the cost of the operation that asks for them."""
        reset_at = datetime.fromtimestamp(allowance.resets_at, UTC)
        return cls(limit=allowance.limit, remaining=allowance.remaining, reset_at=reset_at, cost=cost)

    @strawberry.field(description="Earliest time of the organization's next bulk send; null if one may be created now.")
    async def next_bulk_send_at(self, info: Info) -> datetime | None:
        return await bulk_sends.next_bulk_send_at(info.context)

    @strawberry.field(
        description=(
            "The newest bulk send; after a lost response it shows whether the create was accepted. "
            "Requires the `bulk_sends.read` scope."
        )
    )
    async def last_bulk_send(self, info: Info) -> BulkSend | None:
        if not info.context.may("RateLimit.lastBulkSend", Scope.BULK_SENDS_READ):
            return None
        row = await bulk_sends.last_bulk_send(info.context)
        return BulkSend(row) if row else None
