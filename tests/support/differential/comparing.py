"""Compare two executions.

Where fields fail one after another below a position that becomes null, the specification leaves open which of the
errors are reported: both executions must report at least one. Otherwise the errors must be equal, and all must be equal
if nothing was awaited.
"""

import json
from collections import Counter
from typing import Any, TypeAlias

from graphql import GraphQLError
from support.differential.executions import Seen

Place: TypeAlias = tuple[str | int, ...]


def differences(theirs: Seen, ours: Seen) -> list[str]:
    """Return the differences as text; empty if there are none."""
    found = _different("raised", theirs.raised, ours.raised)
    found += _different("result is awaitable", theirs.was_awaitable, ours.was_awaitable)
    found += _different("tasks left behind", 0, ours.left_tasks)
    found += _different("complaints", (), () if theirs.complaints else ours.complaints)
    found += _different("never awaited", (), () if theirs.never_awaited else ours.never_awaited)
    if theirs.result is None or ours.result is None:
        return found
    found += _different("data", shown(theirs.result.data), shown(ours.result.data))
    if found:
        return found
    data = theirs.result.data
    their_errors, our_errors = theirs.result.errors, ours.result.errors
    found += _different("errors is None", their_errors is None, our_errors is None)
    exact = theirs.is_synchronous
    found += _different("errors", *(_told(errors or [], data, exact) for errors in (their_errors, our_errors)))
    found += _different("calls", *(_called(seen.calls, data, exact) for seen in (theirs, ours)))
    twice = [call for call, count in ours.calls.items() if count > theirs.calls.get(call, 1)]
    return found + _different("called twice", [], twice)


def shown(value: Any) -> str:
    """Return data as text that reflects the order of keys and the types of leaves."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{shown(item)}" for key, item in value.items()) + "}"
    if type(value) is list:
        return "[" + ",".join(map(shown, value)) + "]"
    return f"{type(value).__name__} {value!r}"


def as_counted(error: GraphQLError) -> tuple[Any, ...]:
    """Return the comparable contents of an error."""
    original = error.original_error
    return (
        error.message,
        tuple(error.path or ()),
        tuple(error.locations or ()),
        repr(error.extensions),
        type(error).__name__,
        None if original is None else (type(original).__name__, str(original)),
        tuple((node.kind, node.loc and (node.loc.start, node.loc.end)) for node in error.nodes or ()),
        tuple(error.positions or ()),
    )


def _told(errors: list[GraphQLError], data: Any, exact: bool) -> Counter[Any]:
    counted: Counter[Any] = Counter()
    for error in errors:
        if exact or (place := nulled_above(tuple(error.path or ()), data)) is None:
            counted[as_counted(error)] += 1
        else:
            counted["at least one error below", place] = 1
    return counted


def _called(calls: Counter[tuple[Any, ...]], data: Any, exact: bool) -> Counter[Any]:
    if exact:
        return calls
    return Counter({call: count for call, count in calls.items() if nulled_above(call[0], data) is None})


def nulled_above(place: Place, data: Any) -> Place | None:
    """Return the null ancestor of a path, or None if there is none."""
    for length, key in enumerate(place):
        if data is None:
            return place[:length]
        try:
            data = data[key]
        except (LookupError, TypeError):
            # The error has a path of its own choice.
            return None
    return None


def _different(what: str, theirs: Any, ours: Any) -> list[str]:
    if theirs == ours:
        return []
    if isinstance(theirs, Counter) and isinstance(ours, Counter):
        return [f"{what}\n  graphql-core alone: {theirs - ours}\n  ours alone: {ours - theirs}"]
    return [f"{what}\n  graphql-core: {theirs}\n  ours: {ours}"]
