import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.evidence import BODY, signed_evidence
from support.pdf_text import opened, shown
from support.poppler import poppler

from bulksend.delivery.template_markdown import MAX_NESTING
from bulksend.evidence import rendering
from bulksend.evidence.evidence_file import Evidence
from bulksend.evidence.fonts import families
from bulksend.evidence.rendering import RenderingFailed, render_pdf

SCRIPTS = {
    "Latin": "Zoë Müller-Łukasz",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Жанна Ёлкина",
    "Arabic": "محمد بن عبد الله",
    "Hebrew": "שלום כהן",
    "Devanagari": "देवनागरी लिपि",
    "Chinese": "王小明",
    "Japanese": "たなかさくら",
    "Korean": "김민수",
}


def attached(pdf: bytes) -> bytes:
    with opened(pdf) as document:
        assert list(document.attachments) == ["evidence.json"]
        return document.attachments["evidence.json"].get_file().read_bytes()


def with_signer(name: str, body: str = BODY) -> Evidence:
    return signed_evidence(body, name=name)


def replaced_note(pdf: bytes) -> bool:
    return "Charactersthatnofontofthisserverhas" in shown(pdf).replace(" ", "")


def test_document_and_certificate_are_shown() -> None:
    evidence = signed_evidence()
    text = shown(render_pdf(evidence)).replace(" ", "")
    for expected in (
        "Agreement",
        "ZoëMüllerkeepswhatissaid",
        "30days",
        "Certificate",
        "203.0.113.7",
        "Signedas“ZoëMüller”",
    ):
        assert expected in text
    for code in (evidence.content.sha256(), evidence.bulk_send.merkle_root, evidence.document.document_id):
        assert code in text


def test_the_attached_file_is_the_evidence() -> None:
    evidence = signed_evidence()
    assert attached(render_pdf(evidence)) == evidence.to_json()
    assert Evidence.from_json(evidence.to_json()) == evidence


def test_the_same_evidence_gives_the_same_bytes() -> None:
    assert render_pdf(signed_evidence()) == render_pdf(signed_evidence())


def test_it_is_a_pdf_a_3() -> None:
    """The parts of ISO 19005-3 that can be read from the file; typst itself checks the rest during export."""
    pdf = render_pdf(with_signer(" ".join(SCRIPTS.values())))
    assert pdf.startswith(b"%PDF-1.7\n%")
    with opened(pdf) as document:
        metadata = document.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert document.Root.MarkInfo.Marked
        assert document.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert "/Encrypt" not in document.trailer
        specification = document.Root.AF[0]
        assert specification.AFRelationship == "/Data"
        assert specification.EF.F.Subtype == "/application/json"
        assert all(_is_embedded(font) for page in document.pages for font in page.Resources.Font.values())
        assert document.Root.Lang == "en"
        assert document.docinfo["/Title"] == "Agreement"


def _is_embedded(font: Any) -> bool:
    descriptor = font.DescendantFonts[0].FontDescriptor
    return "/ToUnicode" in font and any(name in descriptor for name in ("/FontFile2", "/FontFile3"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_has_a_font(script: str) -> None:
    assert not replaced_note(render_pdf(with_signer(SCRIPTS[script])))


def test_han_characters_look_as_in_the_language_around_them() -> None:
    assert families("王小明").index("Noto Sans CJK SC") < families("王小明").index("Noto Sans CJK JP")
    assert families("田中さくら").index("Noto Sans CJK JP") < families("田中さくら").index("Noto Sans CJK SC")
    assert families("金민수").index("Noto Sans CJK KR") < families("金민수").index("Noto Sans CJK SC")


@pytest.mark.parametrize("name", ["Ada \U00013000", "Ada \x01", "Ada \ue000", "Ada \u0378", "Ada \ufeff"])
def test_a_character_without_glyph_is_replaced_and_kept_in_the_evidence(name: str) -> None:
    evidence = with_signer(name)
    pdf = render_pdf(evidence)
    assert replaced_note(pdf)
    assert "Ada\ufffd" in shown(pdf).replace(" ", "")
    assert Evidence.from_json(attached(pdf)).signer_name == name


def test_what_was_replaced_once_does_not_change_other_documents() -> None:
    render_pdf(with_signer("Ada \x01"))
    assert not replaced_note(render_pdf(with_signer("Ada")))


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_makes_a_file_that_holds_it(name: str) -> None:
    evidence = with_signer(name)
    assert Evidence.from_json(attached(render_pdf(evidence))) == evidence


@pytest.mark.parametrize(
    "value",
    [
        '#panic("x")',
        "$x$ *bold* _emph_ `raw`",
        "\\ // /* <label> @reference",
        "= Heading\n- item",
        '"#{',
        "{{ signer.name }}",
    ],
)
def test_a_value_is_never_typst(value: str) -> None:
    words = shown(render_pdf(with_signer(value))).replace(" ", "")
    assert value.replace(" ", "").replace("\n", "") in words


@pytest.mark.parametrize("body", ["{}", "```\n{}\n```", "`{}`", "| a | b |\n|---|---|\n| {} | b |", "**{}**"])
def test_a_long_word_stays_on_the_page(body: str, tmp_path: Path) -> None:
    file = tmp_path / "document.pdf"
    file.write_bytes(render_pdf(signed_evidence(body.replace("{}", "W" * 300))))
    words = re.findall(r'xMax="([0-9.]+)".*>([^<]*)</word>', poppler("pdftotext", "-bbox", file, "-"))
    assert sum(word.count("W") for _, word in words) >= 300
    # An A4 page is 595 points wide.
    assert max(float(edge) for edge, _ in words) < 595 - 40


def test_the_deepest_template_can_be_set() -> None:
    quotes = MAX_NESTING - 2
    assert "deep" in shown(render_pdf(signed_evidence("> " * quotes + "deep")))


def test_another_error_is_not_mistaken_for_a_glyph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_SOURCE", b'#panic("broken")')
    with pytest.raises(RenderingFailed, match="panicked"):
        render_pdf(signed_evidence())
