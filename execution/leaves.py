"""Writing many values of a leaf type at once, by functions that loop in C.

Each takes values as a field's attribute gives them and gives them as they stand in the response, in that order. It
raises when a value is anything but a plain one of its type, or null where that may not stand, and has no effect.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias

from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLID, GraphQLInt, GraphQLScalarType, GraphQLString

from bulksend.execution.selection import names_of_members

Many: TypeAlias = Callable[[list[Any]], list[Any]]

# The types whose plain values are written as they are, and the class of these.
CLASSES: Final = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool, GraphQLInt: int}
_LEAST, _MOST = -(2**31), 2**31 - 1
_VALUE: Final = attrgetter("_value_")

# How scalars write many values at once, by the function with which they write one. Both give the same.
_written_at_once: dict[Callable[..., Any], Many] = {}


class Irregular(Exception):
    """Something among the values must be looked at by itself."""


def write_at_once(one: Callable[[Any], Any], many: Many) -> None:
    """Declare how a scalar writes many values at once. Both functions have no effects; `many` may raise instead."""
    _written_at_once[one] = many


def writer(type_: Any, *, is_nullable: bool) -> Many | None:
    """Give how values of a leaf type are written, for those types whose values their class tells."""
    if type_ in CLASSES:
        return _plain(type_, is_nullable=is_nullable)
    if isinstance(type_, GraphQLEnumType):
        return _enum(type_, is_nullable=is_nullable)
    if isinstance(type_, GraphQLScalarType) and type_.coerce_output_value in _written_at_once:
        many = _written_at_once[type_.coerce_output_value]
        return (lambda found: with_nulls(found, many(there(found)))) if is_nullable else many
    return None


def alike(kind: type, *, is_nullable: bool) -> Many:
    """Give the function that lets values pass if all of them are of this class. Raises `Irregular`."""
    is_allowed = frozenset((kind, type(None)) if is_nullable else (kind,)).issuperset

    def check(found: list[Any]) -> list[Any]:
        if not is_allowed(map(type, found)):
            raise Irregular
        return found

    return check


def there(found: list[Any]) -> list[Any]:
    """Give those that are not null."""
    return [one for one in found if one is not None] if None in found else found


def with_nulls(found: list[Any], completed: list[Any]) -> list[Any]:
    """Put what was made of those that are there back into their places."""
    if len(found) == len(completed):
        return completed
    made = iter(completed)
    return [None if one is None else next(made) for one in found]


def _plain(type_: GraphQLScalarType, *, is_nullable: bool) -> Many:
    check = alike(CLASSES[type_], is_nullable=is_nullable)
    if type_ is not GraphQLInt:
        return check

    def write(found: list[Any]) -> list[Any]:
        numbers = there(check(found)) if is_nullable else check(found)
        if numbers and not (min(numbers) >= _LEAST and max(numbers) <= _MOST):
            raise Irregular
        return found

    return write


def _enum(type_: GraphQLEnumType, *, is_nullable: bool) -> Many | None:
    members: Any = getattr(type_, "wrapped_cls", None)
    names = names_of_members(members, type_)
    if names is None:
        return None
    check, name_of = alike(members, is_nullable=is_nullable), names.__getitem__

    def write(found: list[Any]) -> list[Any]:
        members = there(check(found)) if is_nullable else check(found)
        return with_nulls(found, list(map(name_of, map(_VALUE, members))))

    return write
