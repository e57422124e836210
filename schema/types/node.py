"""Node: anything that has an id of its own (the GraphQL Global Object Identification Specification)."""

import strawberry


@strawberry.interface(description="An object with a globally unique ID.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Globally unique ID, identical in GraphQL, REST and logs (for example `bs_01h…`)."
    )
