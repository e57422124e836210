"""Resolvers whose values are mostly at hand already, for all the objects of a list at once."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

from bulksend.db.rows import View

AtHand: TypeAlias = Callable[..., list[Any]]
Resolver = TypeVar("Resolver", bound=Callable[..., Any])

_ATTRIBUTE = "__at_hand__"
_IN_ROW = "__in_row__"


class NotAtHand(Exception):
    """Some value must be loaded, or there is something to say about it: the resolver is asked for each object."""


def at_hand(give: AtHand) -> Callable[[Resolver], Resolver]:
    """Declare, beneath `strawberry.field`, how to give a field's values for many objects: what its resolver would give.

    `give(objects, context, **arguments)` gives a value for each, awaits nothing, has no effects, and raises (say,
    `NotAtHand`) when any value is not at hand or an error.
    """

    def declare(resolver: Resolver) -> Resolver:
        setattr(resolver, _ATTRIBUTE, give)
        return resolver

    return declare


def at_hand_of(resolver: object) -> AtHand | None:
    """Give what was declared for this resolver."""
    return getattr(resolver, _ATTRIBUTE, None)


class InRow(NamedTuple):
    """An object that dresses `view`, another part of the row that the object around it dresses.

    `when(objects, context)`: whether that part was read, and may be seen, for all of these.
    """

    of: type
    view: type[View]
    when: Callable[[list[Any], Any], bool]


def in_row(of: type, view: type[View], when: Callable[[list[Any], Any], bool]) -> Callable[[Resolver], Resolver]:
    """Declare, beneath `strawberry.field`, that a resolver without arguments gives `of(view(row))` whenever `when`."""

    def declare(resolver: Resolver) -> Resolver:
        setattr(resolver, _IN_ROW, InRow(of, view, when))
        return resolver

    return declare


def in_row_of(resolver: object) -> InRow | None:
    """Give what was declared for this resolver."""
    return getattr(resolver, _IN_ROW, None)
