"""Cursors are decoded to what was encoded, and anything else is refused."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulksend.resolvers.errors import BadUserInput
from bulksend.resolvers.pages import DEFAULT_PAGE, ListCursors, PageArguments

filters = st.lists(st.none() | st.text() | st.lists(st.text(), max_size=3), max_size=4)
indexes = st.integers(0, 499)
ORGANIZATION = UUID(int=1)
LIST = ListCursors("bulkSends", [None, "spring"], parent=ORGANIZATION)


@given(kind=st.text(), filters=filters, parent=st.uuids(), row_id=st.uuids(), index=indexes)
def test_comes_back_as_it_went(kind: str, filters: Any, parent: UUID, row_id: UUID, index: int) -> None:
    made = ListCursors(kind, filters, parent=parent).encode(row_id, index)
    assert ListCursors(kind, filters, parent=parent).decode(made, field="after") == (row_id, index)
    assert made.isascii()
    assert len(made) == 32


@given(one=st.tuples(st.text(), filters), other=st.tuples(st.text(), filters), row_id=st.uuids())
@example(one=("a", [None]), other=("a", []), row_id=UUID(int=0))
@example(one=("a", [["b"], None]), other=("a", [None, ["b"]]), row_id=UUID(int=0))
@example(one=("a", ["\ud800"]), other=("a", ["\ud801"]), row_id=UUID(int=0))
def test_is_of_one_list_with_one_set_of_filters(one: Any, other: Any, row_id: UUID) -> None:
    cursor = ListCursors(*one, parent=ORGANIZATION).encode(row_id)
    if one != other:
        refused(ListCursors(*other, parent=ORGANIZATION), cursor)


@given(parent=st.uuids(), other=st.uuids(), row_id=st.uuids())
@example(parent=UUID(int=1), other=UUID(int=2), row_id=UUID(int=0))
def test_is_of_one_organization_or_other_parent(parent: UUID, other: UUID, row_id: UUID) -> None:
    if parent != other:
        refused(ListCursors("a", [], parent=other), ListCursors("a", [], parent=parent).encode(row_id))


@given(text=st.text(st.characters()) | st.text("AZaz09-_=+/\n", min_size=32, max_size=32))
@example(text="\ud800" * 32)
@example(text="é" * 32)
@example(text="A" * 10_000_000)
def test_no_other_text_is_a_cursor(text: str) -> None:
    refused(LIST, text)


@given(row_id=st.uuids(), index=indexes, position=st.integers(0, 31), character=st.characters())
@example(row_id=UUID(int=0), index=0, position=31, character="=")
@example(row_id=UUID(int=2**128 - 1), index=0, position=20, character="/")
def test_has_one_spelling(row_id: UUID, index: int, position: int, character: str) -> None:
    cursor = LIST.encode(row_id, index)
    changed = cursor[:position] + character + cursor[position + 1 :]
    if changed == cursor:
        assert LIST.decode(changed, field="before") == (row_id, index)
    elif not decodes(changed):
        refused(LIST, changed)
    else:
        assert LIST.encode(*LIST.decode(changed, field="before")) == changed


def test_a_refusal_names_the_argument_and_repeats_nothing() -> None:
    with pytest.raises(BadUserInput) as refusal:
        LIST.decode("secret", field="before")
    assert refusal.value.field == "before"
    assert "secret" not in refusal.value.message


def test_does_not_depend_on_the_process() -> None:
    """A cursor must be valid on another gateway, and after an upgrade that does not change its list."""
    cursor = ListCursors("bulkSends", [None, ("failed",), 1], parent=ORGANIZATION).encode(UUID(int=7), 3)
    assert cursor == ListCursors("bulkSends", [None, ["failed"], 1], parent=ORGANIZATION).encode(UUID(int=7), 3)
    assert cursor.endswith(ListCursors("other", [], parent=ORGANIZATION).encode(UUID(int=7), 3)[8:])


@given(size=st.integers(1, 100), name=st.sampled_from(["first", "last"]))
def test_gives_a_size_within_its_bounds(size: int, name: str) -> None:
    arguments = page_arguments(name, size)
    assert arguments.size(100) == size
    assert arguments.backwards == (name == "last")


@given(size=st.integers(max_value=0) | st.integers(min_value=101), name=st.sampled_from(["first", "last"]))
def test_refuses_a_size_outside(size: int, name: str) -> None:
    with pytest.raises(BadUserInput) as refusal:
        page_arguments(name, size).size(100)
    assert refusal.value.field == name


def test_gives_the_usual_size_when_none_is_given() -> None:
    assert PageArguments().size(100) == DEFAULT_PAGE == 25
    assert not PageArguments(before=LIST.encode(uuid4())).backwards


def test_refuses_both_ends() -> None:
    with pytest.raises(BadUserInput):
        PageArguments(first=1, last=1).size(100)


def page_arguments(name: str, size: int) -> PageArguments:
    return PageArguments(first=size) if name == "first" else PageArguments(last=size)


def decodes(text: str) -> bool:
    """Return whether only the row differs: a character of its id or index was replaced by another one of base64url."""
    return re.fullmatch(r"[A-Za-z0-9_-]{32}", text) is not None and text[:8] == LIST.encode(UUID(int=0))[:8]


def refused(cursors: ListCursors, text: str) -> None:
    with pytest.raises(BadUserInput):
        cursors.decode(text, field="after")
