"""The arguments that every connection takes."""

from typing import Annotated, TypeAlias

import strawberry

First: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the first _n_ items: 1–100. Default: 25.")
]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the last _n_ items: 1–100. Cannot be combined with `first`.")
]
First500: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the first _n_ items: 1–500. Default: 25.")
]
Last500: TypeAlias = Annotated[
    int | None, strawberry.argument(description="Return the last _n_ items: 1–500. Cannot be combined with `first`.")
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Return items after this cursor.")]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Return items before this cursor.")]
