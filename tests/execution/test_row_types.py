"""Lists of rows are completed as graphql-core completes them, whatever values the rows contain."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from inspect import get_annotations
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
import strawberry
from graphql import GraphQLScalarType, parse
from graphql import execute as execute_by_graphql_core
from hypothesis import example, given
from hypothesis import strategies as st

from bulksend.execution import (
    ColumnField,
    ListField,
    ObjectField,
    RowList,
    batched,
    execute,
    prefetched,
    row_mapping,
    row_type,
    shortcut,
)


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


COLOURS = {member.value: member for member in Colour}


class LeafRow(tuple[Any, ...]):
    """A record whose columns have the declared types, like those of the database."""

    name: str
    colour: str
    attempts: int
    at: datetime | None
    error_code: str | None


class LooseLeafRow(tuple[Any, ...]):
    """Another record, with more nullable columns and in another order."""

    colour: str
    error_code: str | None
    name: str | None
    attempts: int | None
    at: datetime | None


class BranchRow(tuple[Any, ...]):
    name: str | None


class BranchWithMottoRow(BranchRow):
    """A branch with a column of another object, read by the same statement."""

    motto: str


@dataclass(frozen=True)
class Column:
    index: int
    python_type: type
    is_nullable: bool
    decode: Callable[[Any], Any] | None = None


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _moment(microseconds: int) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if microseconds > 0 else datetime.min.replace(tzinfo=UTC)


def _column(index: int, annotation: Any) -> Column:
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    return Column(index, kinds[0], len(get_args(annotation)) > 1, _moment if kinds[0] is datetime else None)


def _attribute(column: Column) -> property:
    def read(row: Any) -> Any:
        value = row[column.index]
        return value if column.decode is None or value is None else column.decode(value)

    return property(read)


for row_class in (LeafRow, LooseLeafRow, BranchRow, BranchWithMottoRow):
    annotations = {name: found for part in reversed(row_class.__mro__) for name, found in get_annotations(part).items()}
    columns = {name: _column(index, found) for index, (name, found) in enumerate(annotations.items())}
    mapped: Any = row_class
    mapped.columns = columns
    for name, column in columns.items():
        setattr(mapped, name, _attribute(column))


@row_type(LeafRow, code=ColumnField("error_code", lambda code: code.upper()))
@strawberry.type
class Trouble:
    code: str
    attempts: int | None
    row: strawberry.Private[Any]

    def __init__(self, row: Any) -> None:
        self.row = row


@row_type(
    LeafRow,
    colour=ColumnField("colour", COLOURS.__getitem__),
    trouble=ObjectField(Trouble, unless_null="error_code"),
    always=ObjectField(Trouble, unless_null="error_code"),
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


@row_type()
@strawberry.type
class Motto:
    text: str
    row: strawberry.Private[Any]

    def __init__(self, row: Any) -> None:
        self.row = row


@row_type(
    place=ListField(lambda row, source: source.name if source.name is None else f"{row.name} of {source.name}"),
    leaf=ListField(lambda row, source: Leaf(row), is_item=True),
)
@strawberry.type
class Twig:
    place: str
    leaf: Leaf
    row: strawberry.Private[Any]
    source: strawberry.Private[Any]

    def __init__(self, row: Any, source: Any) -> None:
        self.row, self.source = row, source


@row_type(BranchRow)
@strawberry.type
class Branch:
    name: str | None
    row: strawberry.Private[Any]

    def __init__(self, row: Any) -> None:
        self.row = row

    @strawberry.field
    def leaves(self, size: int | None = None) -> list[Leaf]:
        return cast("list[Leaf]", RowList(self.row.rows[:size], Leaf))

    @strawberry.field
    def leaves_one_by_one(self) -> list[Leaf]:
        return [Leaf(row) for row in self.row.rows]

    @strawberry.field
    def leaves_of_another_make(self) -> list[Leaf]:
        return cast("list[Leaf]", RowList(self.row.rows, lambda row: Leaf(row)))

    @strawberry.field
    def twigs(self) -> list[Twig]:
        return cast("list[Twig]", RowList(self.row.rows, Twig, source=self))

    @strawberry.field
    @prefetched(Motto, text="motto")
    def motto(self, info: strawberry.Info[Any, Any]) -> Motto | None:
        info.context["mottos"] += 1
        return None

    @strawberry.field
    @batched(lambda rows, info, **given: _sayings_of_all(rows, info, **given))
    def saying(self, info: strawberry.Info[Any, Any], loudly: bool = False) -> Motto | None:
        info.context["sayings"] += 1
        return _saying(self.row, loudly=loudly)

    @strawberry.field
    def shout(self) -> str:
        return str(self.row.name.upper())


def _saying(row: Any, *, loudly: bool) -> Motto | None:
    if row.name is None:
        raise ValueError("nobody says anything")
    return Motto(SimpleNamespace(text=row.name.upper() if loudly else row.name))


def _sayings_of_all(
    rows: list[Any], info: strawberry.Info[Any, Any], loudly: bool = False
) -> list[Motto | None] | None:
    info.context["batches"] += 1
    return None if info.context["cannot"] else [_saying(row, loudly=loudly) for row in rows]


@strawberry.type
class Query:
    @strawberry.field
    def branches(self, info: strawberry.Info[Any, Any]) -> list[Branch | None]:
        return cast("list[Branch | None]", RowList(info.context["rows"], Branch))


SCHEMA = strawberry.Schema(Query)._schema
LEAF = "{ __typename name colour attempts at trouble { code attempts } }"
DOCUMENT = parse(f"query($size: Int) {{ branches {{ name a: leaves {LEAF} leaves(size: $size) {LEAF} }} }}")
WITH_RESOLVER = parse(f"{{ branches {{ shout leaves {LEAF} }} }}")
MOTTOS = parse(f"{{ branches {{ motto {{ __typename text }} leavesOfAnotherMake {LEAF} leavesOneByOne {LEAF} }} }}")
NEVER_NULL = parse("{ branches { name leaves { name always { code } } } }")
SAYINGS = parse("query($loudly: Boolean! = true) { branches { saying(loudly: $loudly) { text } shout name } }")
SAYINGS_ALONE = parse("{ branches { a: saying { __typename text } b: saying(loudly: true) { text } } }")
TWIGS = parse("{ branches { name twigs { place leaf { name colour trouble { code } } } } }")


USUAL = {"name": "n", "colour": "red", "attempts": 1, "at": 832_000_000_000_000, "error_code": None}


def _leaf(kind: Any = LeafRow, **columns: Any) -> Any:
    """Return a record; `at` is in microseconds."""
    values = {**USUAL, **columns}
    return kind(values[name] for name in kind.columns)


def _row(**columns: Any) -> SimpleNamespace:
    """Return an object with any values."""
    return SimpleNamespace(**{**USUAL, "at": datetime(2026, 5, 28, tzinfo=UTC), **columns})


def _branch(*rows: Any, name: Any = "b", motto: Any = None, is_record: bool = True) -> Any:
    branch: Any
    if not is_record:
        branch = SimpleNamespace(name=name, motto=motto)
    elif motto is None:
        branch = BranchRow([name])
    else:
        branch = BranchWithMottoRow([name, motto])
    branch.rows = rows
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
        lambda rows, name, motto: _branch(*rows, name=name, motto=motto),
        st.one_of([st.lists(found, max_size=4) for found in (LEAVES, LEAVES, LOOSE_LEAVES, LEAVES | LOOSE_LEAVES)]),
        st.sampled_from(["b", None]),
        st.sampled_from(["m", "m", None]),
    ),
    st.builds(
        lambda rows, name: _branch(*rows, name=name, is_record=False),
        st.lists(st.just(_row()) | ROWS, max_size=4),
        st.sampled_from(["b", None, 5]),
    ),
)


def _answers(
    document: Any, branches: list[Any], *, cannot: bool = False, **variables: Any
) -> tuple[list[Any], Counter[str]]:
    found: list[Any] = []
    for executor in (execute_by_graphql_core, execute):
        context: Any = Counter(cannot=cannot)
        context["rows"] = branches
        result: Any = executor(SCHEMA, document, None, context, variable_values=variables)
        found.append((result.data, sorted(map(str, result.errors or ()))))
    return found, context


DOCUMENTS = [DOCUMENT, WITH_RESOLVER, NEVER_NULL, MOTTOS, TWIGS, SAYINGS, SAYINGS_ALONE]


@given(st.lists(BRANCHES, max_size=4), st.sampled_from(DOCUMENTS))
@example([_branch(_leaf(error_code="refused"), _leaf()), _branch()], DOCUMENT)
@example([_branch(_leaf(error_code="refused"), _leaf())], NEVER_NULL)
@example([_branch(_leaf(error_code="refused"), _leaf()), _branch(_leaf(), name=None)], TWIGS)
def test_comes_to_the_same(branches: list[Any], document: Any) -> None:
    (theirs, ours), _ = _answers(document, branches)

    assert ours == theirs


def test_a_prefetched_object_is_made_of_the_row_and_its_resolver_is_not_called() -> None:
    (theirs, ours), context = _answers(MOTTOS, [_branch(_leaf(), motto=f"{number}") for number in range(3)])

    assert ours == theirs
    assert [branch["motto"]["text"] for branch in ours[0]["branches"]] == ["0", "1", "2"]
    assert context["mottos"] == 0


def test_without_its_columns_the_resolver_is_called() -> None:
    (theirs, ours), context = _answers(MOTTOS, [_branch(_leaf()), _branch(_leaf())])

    assert ours == theirs
    assert [branch["motto"] for branch in ours[0]["branches"]] == [None, None]
    assert context["mottos"] == 2


@pytest.mark.parametrize(("document", "fields"), [(SAYINGS, 1), (SAYINGS_ALONE, 2)])
@pytest.mark.parametrize("motto", ["m", None])
def test_a_batch_resolver_is_called_once_for_a_list(document: Any, fields: int, motto: str | None) -> None:
    (theirs, ours), context = _answers(document, [_branch(name="a", motto=motto), _branch(name="b", motto=motto)])

    assert ours == theirs
    assert (context["batches"], context["sayings"]) == (fields, 0)


def test_the_resolver_is_called_where_the_batch_resolver_cannot_tell() -> None:
    (theirs, ours), context = _answers(SAYINGS, [_branch(name="a"), _branch(name="b")], cannot=True)

    assert ours == theirs
    assert (context["batches"], context["sayings"]) == (1, 2)


def test_an_error_of_a_batch_resolver_is_found_object_by_object() -> None:
    (theirs, ours), context = _answers(SAYINGS_ALONE, [_branch(name="a"), _branch(name=None), _branch(name="c")])

    assert ours == theirs
    assert [branch["a"] and branch["a"]["text"] for branch in ours[0]["branches"]] == ["a", None, "c"]
    assert len(ours[1]) == 2
    assert context["sayings"] == 6


def test_a_shortcut_writes_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    serialize = cast("GraphQLScalarType", SCHEMA.get_type("DateTime")).coerce_output_value
    monkeypatch.setattr(row_mapping, "_shortcuts", {})
    shortcut(_moment, serialize, "{write}({value})", write="written {}".format)
    (_, ours), _ = _answers(
        parse("{ branches { leaves { at } twigs { leaf { at } } } }"), [_branch(_leaf(at=5), _leaf(at=None))]
    )
    assert ours[0]["branches"][0] == {
        "leaves": [{"at": "written 5"}, {"at": None}],
        "twigs": [{"leaf": {"at": "written 5"}}, {"leaf": {"at": None}}],
    }


def test_a_wrong_value_is_an_error_at_its_place_alone() -> None:
    (theirs, ours), _ = _answers(WITH_RESOLVER, [_branch(_leaf()), _branch(_leaf(), _row(attempts=2**31)), _branch()])

    assert ours == theirs
    assert [branch and branch["shout"] for branch in ours[0]["branches"]] == ["B", None, "B"]
    assert len(ours[1]) == 1
    assert "2147483648" in ours[1][0]


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("{ branches { leaves { name trouble { code } } } }", lambda branch: branch["leaves"]),
        (
            "{ branches { twigs { leaf { name trouble { code } } } } }",
            lambda found: [twig["leaf"] for twig in found["twigs"]],
        ),
    ],
)
def test_columns_are_taken_out_of_records_and_not_read_as_attributes(
    monkeypatch: pytest.MonkeyPatch, query: str, read: Callable[[Any], Any]
) -> None:
    monkeypatch.setattr(LeafRow, "name", property(lambda _: 1 / 0))
    context: Any = Counter()
    context["rows"] = [_branch(_leaf(name="a"), _leaf(name="b", error_code="refused"))]

    result: Any = execute(SCHEMA, parse(query), None, context)

    assert result.errors is None
    assert read(result.data["branches"][0]) == [
        {"name": "a", "trouble": None},
        {"name": "b", "trouble": {"code": "REFUSED"}},
    ]


def test_a_row_list_is_a_sequence_of_objects() -> None:
    leaves = RowList([_leaf(name="a"), _leaf(name="b"), _leaf(name="c")], Leaf)

    assert len(leaves) == 3
    assert [leaf.name for leaf in leaves] == ["a", "b", "c"]
    assert leaves[-1].name == "c"
    assert [leaf.name for leaf in leaves[1:]] == ["b", "c"]
