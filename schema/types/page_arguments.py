"""The arguments that every connection takes."""

from typing import Annotated, TypeAlias

import strawberry

First: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many rows from the page's start: 1–100; 25 when left out.")
]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many rows from the page's end: 1–100; not with `first`.")
]
First500: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many rows from the page's start: 1–500; 25 when left out.")
]
Last500: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many rows from the page's end: 1–500; not with `first`.")
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Only rows after this cursor.")]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")]
