"""Node: anything that has an id of its own (the GraphQL Global Object Identification Specification)."""

import strawberry


@strawberry.interface(description="Anything with an id of its own, which `node` finds again.")
class Node:
    """What has an id."""

    id: strawberry.ID = strawberry.field(description="A type prefix and 26 characters; the same in every door.")
