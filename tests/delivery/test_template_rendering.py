import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.template_bodies import AGREEMENT, AGREEMENT_FIELDS, Parsed

from bulksend.delivery.template_markdown import MAX_BODY_LENGTH, MAX_NESTING, InvalidTemplate
from bulksend.delivery.template_rendering import merge_fields, render


def filled(body: str, **values: str) -> str:
    return render(body, signer_name="Ada", signer_email="ada@example.com", values=values)


def refusal(body: str) -> InvalidTemplate:
    with pytest.raises(InvalidTemplate) as refused:
        merge_fields(body)
    return refused.value


def test_fields_come_in_order_of_first_appearance() -> None:
    assert merge_fields(AGREEMENT) == AGREEMENT_FIELDS
    assert merge_fields("Hello {{ signer.name }}") == ()
    assert merge_fields("") == ()


def test_an_agreement_is_rendered() -> None:
    html = filled(AGREEMENT, company="Müller & Söhne", my_role_1="owner", _price="5 €")
    assert "<h1>Agreement with Müller &amp; Söhne</h1>" in html
    assert "<strong>Ada</strong> (<code>ada@example.com</code>), <em>owner</em>" in html
    assert '<td align="right">5 €</td>' in html
    assert '<th align="left">item</th>' in html
    assert (
        '<a href="https://example.com/terms?a=1&amp;b=2" rel="noopener noreferrer nofollow">our <em>terms</em></a>'
    ) in html
    assert '<a href="mailto:legal@example.com"' in html
    assert 'print("owner")' in Parsed(html).text
    assert "<ul>" in html


@pytest.mark.parametrize(
    "value", ["<b>bold</b>", "**bold**", "{{ 7*7 }}", "{% raw %}", "&amp;", "\ufdd00\ufdd1", "'\""]
)
def test_markup_in_a_value_stays_text(value: str) -> None:
    parsed = Parsed(filled("{{ values.company }}", company=value))
    assert parsed.tags == [("p", ()), ("/p", ())]
    assert parsed.text.strip() == value


def test_line_breaks_in_a_value_are_shown() -> None:
    shown = "<p>one<br>\n<br>\ntwo<br>\n&lt;three&gt;</p>\n"
    assert filled("{{ values.a }}", a="one\r\n\r\ntwo\n<three>") == shown


# html.parser itself drops nothing, but our rules treat a carriage return as a line break.
values = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))
hostile = st.lists(
    st.sampled_from(
        ["<", ">", "&", "'", '"', "</p>", "<script>", "-->", "{{", "}}", "{%", "\ufdd0", "0", "\ufdd1", "`", "|"]
    )
).map("".join)


@given(st.one_of(values, hostile))
def test_no_value_changes_the_tags(value: str) -> None:
    neutral = Parsed(filled(AGREEMENT, **dict.fromkeys(AGREEMENT_FIELDS, "x")))
    parsed = Parsed(filled(AGREEMENT, **dict.fromkeys(AGREEMENT_FIELDS, value)))
    assert parsed.tags == neutral.tags


@given(st.one_of(values, hostile), st.one_of(values, hostile))
def test_values_round_trip_as_text(first: str, second: str) -> None:
    html = filled("{{ values.first }}|{{ values.second }}|{{ signer.name }}", first=first, second=second)
    assert Parsed(html).text == f"{first}|{second}|Ada\n"


@pytest.mark.parametrize(
    ("body", "line", "rule"),
    [
        ("fine\n{% if x %}", 2, "statements"),
        ("{# note #}", 1, "comments"),
        ("{{ values.a|upper }}", 1, "only"),
        ("{{ values.a() }}", 1, "only"),
        ("{{ values['a'] }}", 1, "only"),
        ("{{ values.a.b }}", 1, "only"),
        ("{{ values.é }}", 1, "only"),
        ("{{ values.9a }}", 1, "only"),
        ("{{ values." + "a" * 65 + " }}", 1, "only"),
        ("{{ values }}", 1, "only"),
        ("{{ signer.phone }}", 1, "only"),
        ("{{ config.secret }}", 1, "only"),
        ("{{ 7*7 }}", 1, "only"),
        ("a\n\n{{ values.a", 3, "only"),
        ("{{ values.a\n}}", 1, "only"),
        ("{{}}", 1, "only"),
        ("{{- values.a -}}", 1, "only"),
        ("one\n\n[x](http://example.com/{{ values.a }})", 3, "link's address"),
        ("[x]({{ values.a }})", 1, "link's address"),
        ('[x](http://example.com "{{ values.a }}")', 1, "link's address"),
        ("<http://example.com/{{ values.a }}>", 1, "link's address"),
        ("<http://{{ values.a }}.example.com>", 1, "link's address"),
        ("[x][r]\n\n[r]: http://example.com/{{ values.a }}", 1, "link's address"),
        ("a\n\n[r]: http://example.com/{{ values.a }}", 3, "nothing is shown"),
        ("[Name]: {{ signer.name }}", 1, "nothing is shown"),
        ("a\n\n``` {{ values.a }}\nx\n```", 3, "nothing is shown"),
        ("|a|\n|-|\n|b|{{ values.a }}|", 3, "nothing is shown"),
        ("a\n\n![x](http://example.com/x.png)", 3, "images"),
        ("![{{ values.a }}](http://example.com/x.png)", 1, "images"),
        ("a\n\x00", 2, "control"),
        ("a\rb", 1, "control"),
        ("a\x1bb", 1, "control"),
        ("\ufdd00\ufdd1", 1, "control"),
        ("\ud800", 1, "control"),
        ("a\n\n" + ">" * (MAX_NESTING + 1) + "a", 3, "nested"),
        ("*a " * 40 + " a*" * 40, 1, "nested"),
        ("a\n" * (MAX_BODY_LENGTH // 2) + "b", MAX_BODY_LENGTH // 2 + 1, "longer than 100,000"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_line(body: str, line: int, rule: str) -> None:
    refused = refusal(body)
    assert refused.line == line
    assert rule in refused.rule
    assert str(refused) == f"line {line}: {refused.rule}"


def test_render_refuses_the_same() -> None:
    with pytest.raises(InvalidTemplate):
        filled("{{ 7*7 }}")


def test_a_missing_value_is_an_error_that_names_it() -> None:
    with pytest.raises(KeyError, match="company"):
        filled("{{ values.company }}")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (r"\{\{ values.a }}", "{{ values.a }}"),
        ("&#123;&#123; 7*7 }}", "{{ 7*7 }}"),
        ("{&#37; raw %}", "{% raw %}"),
        ("`{` `{`", "{ {"),
        ("&#2;&#xfdd0;0&#xFDD1;", "\ufffd\ufffd0\ufffd"),
        ("a }} b", "a }} b"),
        ("<!-- {{ signer.name }} -->", "<!-- Ada -->"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[x](/relative)", "[x](/relative)"),
        ("[x](//example.com)", "[x](//example.com)"),
        ("<ftp://example.com>", "<ftp://example.com>"),
        ("<{{ signer.email }}>", "<ada@example.com>"),
        ("snake_{{ signer.name }}_case", "snake_Ada_case"),
        ("{{ signer.name }}. First", "Ada. First"),
        ("&copy; {{ signer.name }}", "© Ada"),
    ],
)
def test_what_is_no_field_and_no_safe_link_is_shown_as_written(body: str, shown: str) -> None:
    parsed = Parsed(filled(body))
    assert parsed.text.strip() == shown
    assert {tag for tag, _ in parsed.tags} <= {"p", "/p", "code", "/code"}


def test_emphasis_holds_beside_words() -> None:
    assert filled("Dr**{{ signer.name }}**x") == "<p>Dr<strong>Ada</strong>x</p>\n"


def test_line_ends_of_windows_are_taken() -> None:
    assert filled("# a\r\n\r\nb\r\n") == filled("# a\n\nb\n")


PIECES = (
    *("{{ values.a }}", "{{signer.name}}", "[", "](", "](http://b ", ")", "*", "**", "_", "`", "```", "\n", "\n\n"),
    *("> ", "- ", "1. ", "    ", "|", "|-|", "<", ">", "http://a", "&", "&#xfdd0;", "\\", "!", "[r]: ", '"', "a", " "),
)
markdown = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(markdown)
def test_in_any_body_each_field_is_shown_once_or_the_body_refused(body: str) -> None:
    try:
        html = render(body, signer_name="\u2e28SIGNER\u2e29", signer_email="", values={"a": "\u2e28VALUE\u2e29"})
    except InvalidTemplate:
        return
    parsed = Parsed(html)
    assert parsed.text.count("\u2e28VALUE\u2e29") == body.count("{{ values.a }}")
    assert parsed.text.count("\u2e28SIGNER\u2e29") == body.count("{{signer.name}}")
    assert "\ufdd0" not in html
    for tag, attributes in parsed.tags:
        assert {name for name, _ in attributes} <= {"href", "rel", "align", "start"}
        assert tag != "a" or ("rel", "noopener noreferrer nofollow") in attributes


ADVERSARIAL = {
    "brackets": "[" * MAX_BODY_LENGTH,
    "images": "![" * (MAX_BODY_LENGTH // 2),
    "open links": "[](" * (MAX_BODY_LENGTH // 3),
    "emphasis": "*a **a " * (MAX_BODY_LENGTH // 7),
    "backticks": "".join("`" * length + " " for length in range(1, 440)),
    "quotes": ">" * MAX_BODY_LENGTH,
    "lazy quotes": ">" * (MAX_NESTING - 1) + "a\n" * (MAX_BODY_LENGTH // 2 - MAX_NESTING),
    "link definitions": "[a]: http://b\n" * (MAX_BODY_LENGTH // 14),
    "lists": "- " * (MAX_BODY_LENGTH // 2),
    "definitions": "[a\n" * (MAX_BODY_LENGTH // 3),
    "empty cells": ("|" + "a|" * 256 + "\n|" + "-|" * 256 + "\n" + "|\n" * 250 + "\n") * 65,
    "fields": "{{values.a}}" * (MAX_BODY_LENGTH // 12),
    "braces": "{{" + " " * (MAX_BODY_LENGTH - 2),
    "comments": "<!--" * (MAX_BODY_LENGTH // 4),
}


@pytest.mark.parametrize("body", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())
def test_the_worst_bodies_take_bounded_time_and_space(body: str) -> None:
    """The slowest one took 2.6 s of processor time; without limits, the cells took 85 s."""
    start = time.process_time()
    try:
        html = filled(body, a="x")
    except InvalidTemplate:
        html = ""
    assert time.process_time() - start < 20
    assert len(html) < 20 * MAX_BODY_LENGTH


def test_a_body_asks_for_at_most_50_values() -> None:
    names = [f"v{number}" for number in range(50)]
    body = "\n\n".join(f"{{{{ values.{name} }}}}" for name in names)
    assert merge_fields(body) == tuple(names)
    with pytest.raises(InvalidTemplate, match="line 101: more than 50 different values"):
        merge_fields(body + "\n\n{{ values.one_more }}")
