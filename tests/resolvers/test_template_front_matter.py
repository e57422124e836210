"""Front matter: what is parsed, what is refused, and that hostile input is cheap to refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksend.resolvers.template_front_matter import MAXIMUM_LENGTH, InvalidFrontMatter, split

FILE = """---
fields:
  company: { maxLength: 80 }
  answer: { type: choice, choices: [yes, no, 2026-01-01] }
---

# Agreement
"""


def test_a_file_is_split_and_scalars_stay_text() -> None:
    file = split(FILE)
    assert file.front_matter == {
        "fields": {
            "company": {"maxLength": "80"},
            "answer": {"type": "choice", "choices": ["yes", "no", "2026-01-01"]},
        }
    }
    assert (file.body, file.first_line) == ("# Agreement\n", 7)


@pytest.mark.parametrize("text", ["# Agreement\n", "A\n\n---\n\nB\n\n---\n", "--- \n", "---", "\n---\na: b\n---\n"])
def test_a_file_without_front_matter(text: str) -> None:
    assert split(text).front_matter is None
    assert split(text).body == text


def test_a_byte_order_mark_and_carriage_returns_do_not_count() -> None:
    file = split("\ufeff" + FILE.replace("\n", "\r\n"))
    assert file == split(FILE)
    assert split("\ufeff# Agreement").body == "# Agreement"


def test_empty_front_matter() -> None:
    assert split("---\n---\nBody").front_matter == {}
    assert split("---\n# only a comment\n---\nBody").front_matter == {}


@pytest.mark.parametrize(
    ("yaml", "rule"),
    [
        ("a: &x [1]\nb: *x", "line 2: anchors and aliases"),
        ("a: *x", "line 2: anchors and aliases"),
        ("a: !!python/object:os.system ls", "line 2: tags"),
        ("- a", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("a: 1\na: 2", "line 3: every key must be text and stand once"),
        ("[a]: 1", "line 2: every key must be text"),
        ("a: [", "must be YAML"),
        ("a: b: c", "line 2: front matter must be YAML"),
        ("a: \x07", "must be YAML"),
        ("a: " + "[" * 7 + "]" * 7, "6 levels deep"),
        ("a: " + "[" * 8000, "6 levels deep"),
        ("a: [" + "1," * 3000 + "]", "2,000 values"),
        ("a: " + "x" * MAXIMUM_LENGTH, "at most 16,384 characters"),
    ],
)
def test_what_is_refused_names_the_rule(yaml: str, rule: str) -> None:
    with pytest.raises(InvalidFrontMatter, match=rule):
        split(f"---\n{yaml}\n---\nBody")


def test_a_billion_laughs_are_refused_at_the_first() -> None:
    bomb = "a: &a [lol]\n" + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(9)
    )
    with pytest.raises(InvalidFrontMatter, match="anchors"):
        split(f"---\n{bomb}\n---\n")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    try:
        file = split(f"---\n{text}\n---\nBody")
    except InvalidFrontMatter:
        return
    assert file.front_matter is None or isinstance(file.front_matter, dict)
