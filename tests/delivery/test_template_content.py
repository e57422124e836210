import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.template_bodies import AGREEMENT, AGREEMENT_FIELDS, Parsed

from bulksend.delivery.template_content import content_nodes
from bulksend.delivery.template_markdown import InvalidTemplate
from bulksend.delivery.template_rendering import render

ALL_KINDS = """\
# Title

a *b* **c** `d`\\
e
f [g](https://example.com/?q=1) <https://example.com>

> quote

- tight
- list

3. loose

4. list

| h | i |
|:-:|--:|
| j | *k* |

---

```py
fence
```

    indented
"""
pieces = st.sampled_from(
    [
        *("# ", "- ", "1. ", "> ", "*", "**", "`", "\n", "\n\n", "    ", "  \n", "|", "|-|\n", "---", "```\n"),
        *("a", "é", "漢字", " ", "&lt;", "\\*", "<b>", "[x](https://example.com)", "](", "{{ signer.name }}"),
    ]
)


def nodes_of(body: str, name: str = "Ada", **values: str) -> list[dict[str, Any]]:
    return content_nodes(body, signer_name=name, signer_email="ada@example.com", values=values)


def html_of(body: str, name: str = "Ada", **values: str) -> str:
    return render(body, signer_name=name, signer_email="ada@example.com", values=values)


def text_of(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from text_of(item)
    elif isinstance(value, dict):
        yield value.get("text", "")
        yield from text_of(value.get("children", value.get("rows", [])))


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


def assert_same_text(body: str, name: str = "Ada", **values: str) -> None:
    shown = Parsed(html_of(body, name, **values)).text
    assert without_space("".join(text_of(nodes_of(body, name, **values)))) == without_space(shown)


def test_every_kind_of_node() -> None:
    text = {"type": "text"}
    assert nodes_of(ALL_KINDS) == [
        {"type": "heading", "level": 1, "children": [text | {"text": "Title"}]},
        {
            "type": "paragraph",
            "children": [
                text | {"text": "a "},
                {"type": "emphasis", "children": [text | {"text": "b"}]},
                text | {"text": " "},
                {"type": "strong", "children": [text | {"text": "c"}]},
                text | {"text": " "},
                {"type": "code", "text": "d"},
                {"type": "line_break"},
                text | {"text": "e"},
                text | {"text": " "},
                text | {"text": "f "},
                {"type": "link", "url": "https://example.com/?q=1", "children": [text | {"text": "g"}]},
                text | {"text": " "},
                {"type": "link", "url": "https://example.com", "children": [text | {"text": "https://example.com"}]},
            ],
        },
        {"type": "blockquote", "children": [{"type": "paragraph", "children": [text | {"text": "quote"}]}]},
        {
            "type": "bullet_list",
            "children": [
                {"type": "list_item", "children": [text | {"text": "tight"}]},
                {"type": "list_item", "children": [text | {"text": "list"}]},
            ],
        },
        {
            "type": "ordered_list",
            "start": 3,
            "children": [
                {"type": "list_item", "children": [{"type": "paragraph", "children": [text | {"text": word}]}]}
                for word in ("loose", "list")
            ],
        },
        {
            "type": "table",
            "alignments": ["center", "right"],
            "rows": [
                [[text | {"text": "h"}], [text | {"text": "i"}]],
                [[text | {"text": "j"}], [{"type": "emphasis", "children": [text | {"text": "k"}]}]],
            ],
        },
        {"type": "rule"},
        {"type": "code_block", "text": "fence\n"},
        {"type": "code_block", "text": "indented\n"},
    ]


def test_an_agreement_shows_the_text_of_its_page() -> None:
    assert_same_text(AGREEMENT, **dict.fromkeys(AGREEMENT_FIELDS, "**no** <b>markup</b> {{ signer.name }} \\"))


@given(st.lists(pieces, max_size=25).map("".join), st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_any_body_shows_the_text_of_its_page(body: str, name: str) -> None:
    try:
        html_of(body, name)
    except InvalidTemplate:
        return
    assert_same_text(body, name)


def test_a_value_is_text_wherever_it_stands() -> None:
    nodes = nodes_of("`{{ values.a }}` {{ values.a }}", a="*x*\r\n# y")
    assert nodes[0]["children"] == [
        {"type": "code", "text": "*x*\n# y"},
        {"type": "text", "text": " *x*"},
        {"type": "line_break"},
        {"type": "text", "text": "# y"},
    ]


def test_every_line_of_a_value_is_shown() -> None:
    breaks = [{"type": "line_break"}] * 2
    assert nodes_of("{{ values.a }}", a="\n\none\n")[0]["children"] == [
        *breaks,
        {"type": "text", "text": "one"},
        {"type": "line_break"},
    ]


def test_filling_one_signer_leaves_the_next_alone() -> None:
    assert list(text_of(nodes_of("{{ signer.name }}", "Ada"))) == ["", "Ada"]
    assert list(text_of(nodes_of("{{ signer.name }}", "Bob"))) == ["", "Bob"]


def test_a_missing_value_is_named() -> None:
    with pytest.raises(KeyError, match=r"values\.company"):
        nodes_of("{{ values.company }}")
