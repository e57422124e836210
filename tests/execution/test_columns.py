"""Lists completed column by column come to what graphql-core comes to, whatever their rows hold."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from inspect import get_annotations
from types import SimpleNamespace
from typing import Any, cast

import pytest
import strawberry
from graphql import execute as execute_by_graphql_core
from graphql import parse
from hypothesis import example, given
from hypothesis import strategies as st

from bulksend.db.rows import View, name_columns
from bulksend.execution import execute
from bulksend.execution.batch_resolvers import NotAtHand, at_hand, in_row
from bulksend.execution.row_mapping import Column, Listed, Made, Part, dressed
from bulksend.schema.types.scalars import DATE_TIME


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


COLOURS = {member.value: member for member in Colour}


class LeafRow(tuple[Any, ...]):
    """A record whose columns hold what they say, as those of the database do."""

    name: str
    colour: str
    attempts: int
    at: datetime | None
    error_code: str | None


class LooseLeafRow(tuple[Any, ...]):
    """Another one, in which more may be null and in another order."""

    colour: str
    error_code: str | None
    name: str | None
    attempts: int | None
    at: datetime | None


class BranchRow(tuple[Any, ...]):
    name: str | None
    motto: str | None


for row_class in (LeafRow, LooseLeafRow, BranchRow):
    name_columns(row_class, get_annotations(row_class))


class MottoView(View, of=cast("Any", BranchRow), text="motto"):
    """What was read together with a branch."""

    __slots__ = ()


@dressed(code=Column("error_code", lambda code: code.upper()))
@strawberry.type
class Trouble:
    code: str
    attempts: int | None
    row: strawberry.Private[Any]

    def __init__(self, row: Any) -> None:
        self.row = row


@dressed(
    colour=Column("colour", COLOURS.__getitem__),
    trouble=Part(Trouble, unless_null="error_code"),
    always=Part(Trouble, unless_null="error_code"),
)
@strawberry.type
class Leaf:
    name: str
    colour: Colour
    attempts: int
    at: datetime | None
    trouble: Trouble | None
    always: Trouble
    row: strawberry.Private[Any]

    def __init__(self, row: Any) -> None:
        self.row = row


@dressed()
@strawberry.type
class Motto:
    text: str
    row: strawberry.Private[Any]

    def __init__(self, row: Any) -> None:
        self.row = row


@dressed(
    leaves=Made(lambda self: [Leaf(row) for row in self.row.rows]),
    listed=Listed(lambda self: list(self.row.rows), lambda self: Leaf if self.row.is_near else lambda row: Leaf(row)),
)
@strawberry.type
class Branch:
    name: str | None
    leaves: list[Leaf]
    listed: list[Leaf]
    row: strawberry.Private[Any]

    def __init__(self, row: Any) -> None:
        self.row = row

    @strawberry.field
    @at_hand(lambda branches, context, size=1: _leaves_at_hand(branches, context, size))
    def near(self, info: strawberry.Info[Any, Any], size: int = 1) -> list[Leaf] | None:
        info.context["asked"] += 1
        return self.leaves[:size] if self.row.is_near else None

    @strawberry.field
    @in_row(Motto, MottoView, lambda branches, context: all(branch.row.is_near for branch in branches))
    def motto(self, info: strawberry.Info[Any, Any]) -> Motto | None:
        info.context["mottos"] += 1
        return Motto(MottoView(self.row))

    @strawberry.field
    def shout(self) -> str:
        return str(self.row.name.upper())


def _leaves_at_hand(branches: list[Branch], context: dict[str, int], size: int) -> list[list[Leaf]]:
    context["at_hand"] += 1
    if not all(branch.row.is_near for branch in branches):
        raise NotAtHand
    return [branch.leaves[:size] for branch in branches]


@strawberry.type
class Query:
    @strawberry.field
    def branches(self, info: strawberry.Info[Any, Any]) -> list[Branch | None]:
        return [Branch(row) for row in info.context["rows"]]


SCHEMA = strawberry.Schema(Query, scalar_overrides={datetime: DATE_TIME})._schema
LEAF = "{ __typename name colour attempts at trouble { code attempts } }"
DOCUMENT = parse(f"query($size: Int) {{ branches {{ name a: leaves {LEAF} near(size: $size) {LEAF} }} }}")
WITH_RESOLVER = parse(f"{{ branches {{ shout leaves {LEAF} }} }}")
LISTED = parse(f"{{ branches {{ motto {{ __typename text }} listed {LEAF} }} }}")
NEVER_NULL = parse("{ branches { name leaves { name always { code } } } }")


USUAL = {"name": "n", "colour": "red", "attempts": 1, "at": 832_000_000_000_000, "error_code": None}


def _leaf(kind: Any = LeafRow, **columns: Any) -> Any:
    """A record; `at` in microseconds."""
    values = {**USUAL, **columns}
    return kind(values[name] for name in kind.columns)


def _row(**columns: Any) -> SimpleNamespace:
    """An object that may hold anything."""
    return SimpleNamespace(**{**USUAL, "at": datetime(2026, 5, 28, tzinfo=UTC), **columns})


def _branch(*rows: Any, name: Any = "b", motto: Any = "m", is_near: bool = True, is_record: bool = True) -> Any:
    branch: Any = BranchRow([name, motto]) if is_record else SimpleNamespace(name=name, motto=motto)
    branch.rows, branch.is_near = rows, is_near
    return branch


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5))])
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=ZONES)
ROWS = st.builds(
    _row,
    name=st.sampled_from(["n", "n", "n", "", None, 7, True, b"x"]),
    colour=st.sampled_from(["red", "blue", "blue", "green"]),
    attempts=st.sampled_from([1, 2, 0, 2**31 - 1, 2**31, -(2**31) - 1, True, "3", None, 1.5]),
    at=st.none() | MOMENTS,
    error_code=st.sampled_from([None, None, "refused", 3]),
)
COLOURS_AND_OTHERS = st.sampled_from(["red", "blue", "blue", "green"])
MICROSECONDS = st.none() | st.just(0) | st.integers(-(10**14), 10**16)
CODES = st.sampled_from([None, None, "refused"])
LEAVES = st.builds(
    _leaf,
    name=st.sampled_from(["n", ""]),
    colour=COLOURS_AND_OTHERS,
    attempts=st.sampled_from([1, 0, 2**31 - 1, -(2**31)]),
    at=MICROSECONDS,
    error_code=CODES,
)
LOOSE_LEAVES = st.builds(
    _leaf,
    st.just(LooseLeafRow),
    name=st.sampled_from(["n", "n", None]),
    colour=COLOURS_AND_OTHERS,
    attempts=st.sampled_from([1, 1, None]),
    at=MICROSECONDS,
    error_code=CODES,
)
BRANCHES = st.one_of(
    st.builds(
        lambda rows, name, motto, is_near: _branch(*rows, name=name, motto=motto, is_near=is_near),
        st.one_of([st.lists(found, max_size=4) for found in (LEAVES, LEAVES, LOOSE_LEAVES, LEAVES | LOOSE_LEAVES)]),
        st.sampled_from(["b", None]),
        st.sampled_from(["m", "m", None]),
        st.sampled_from([True, True, False]),
    ),
    st.builds(
        lambda rows, name: _branch(*rows, name=name, is_record=False),
        st.lists(st.just(_row()) | ROWS, max_size=4),
        st.sampled_from(["b", None, 5]),
    ),
)


def _answers(document: Any, branches: list[Any], **variables: Any) -> tuple[list[Any], Counter[str]]:
    found: list[Any] = []
    for executor in (execute_by_graphql_core, execute):
        context: Any = Counter()
        context["rows"] = branches
        result: Any = executor(SCHEMA, document, None, context, variable_values=variables)
        found.append((result.data, sorted(map(str, result.errors or ()))))
    return found, context


@given(st.lists(BRANCHES, max_size=4), st.sampled_from([DOCUMENT, WITH_RESOLVER, NEVER_NULL, LISTED]))
@example([_branch(_leaf(error_code="refused"), _leaf()), _branch()], DOCUMENT)
@example([_branch(_leaf(error_code="refused"), _leaf())], NEVER_NULL)
def test_comes_to_the_same(branches: list[Any], document: Any) -> None:
    (theirs, ours), _ = _answers(document, branches)

    assert ours == theirs


def test_what_is_at_hand_is_given_once_for_all_and_nobody_is_asked() -> None:
    branches = [_branch(*[_leaf(name=f"{number}")] * 3) for number in range(4)]

    (theirs, ours), context = _answers(DOCUMENT, branches, size=2)

    assert ours == theirs
    assert [len(branch["near"]) for branch in ours[0]["branches"]] == [2, 2, 2, 2]
    assert (context["at_hand"], context["asked"]) == (1, 0)


def test_another_part_of_the_row_is_read_with_it_and_nobody_is_asked() -> None:
    (theirs, ours), context = _answers(LISTED, [_branch(_leaf(), motto=f"{number}") for number in range(3)])

    assert ours == theirs
    assert [branch["motto"]["text"] for branch in ours[0]["branches"]] == ["0", "1", "2"]
    assert context["mottos"] == 0


def test_what_is_not_at_hand_is_asked_of_each() -> None:
    (theirs, ours), context = _answers(DOCUMENT, [_branch(_leaf()), _branch(_leaf(), is_near=False)], size=1)

    assert ours == theirs
    assert [branch["near"] and len(branch["near"]) for branch in ours[0]["branches"]] == [1, None]
    assert context["asked"] == 2


def test_a_wrong_value_is_an_error_at_its_place_alone() -> None:
    (theirs, ours), _ = _answers(WITH_RESOLVER, [_branch(_leaf()), _branch(_leaf(), _row(attempts=2**31)), _branch()])

    assert ours == theirs
    assert [branch and branch["shout"] for branch in ours[0]["branches"]] == ["B", None, "B"]
    assert len(ours[1]) == 1
    assert "2147483648" in ours[1][0]


def test_columns_are_taken_out_of_records_and_not_read_as_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LeafRow, "name", property(lambda _: 1 / 0))
    query = parse("{ branches { leaves { name trouble { code } } } }")

    _, (data, errors) = _answers(query, [_branch(_leaf(name="a"), _leaf(name="b", error_code="refused"))])[0]

    assert errors == []
    assert data["branches"][0]["leaves"] == [
        {"name": "a", "trouble": None},
        {"name": "b", "trouble": {"code": "REFUSED"}},
    ]
