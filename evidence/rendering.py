"""Evidence as the pages of a PDF/A-3 with `evidence.json` attached, set by typst."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import typst

from bulksend.evidence.certificate import certificate
from bulksend.evidence.fonts import families, fonts
from bulksend.evidence.typesetting import breakable, characters, directed, map_strings

if TYPE_CHECKING:
    from bulksend.evidence.content import Content
    from bulksend.evidence.evidence_file import Evidence

REPLACEMENT: Final = "\ufffd"
"""Shown for a character that no font has: PDF/A refuses missing glyphs."""

_SOURCE: Final = files("bulksend.evidence").joinpath("pages", "sealed_document.typ").read_bytes()
_MAX_ROUNDS: Final = 20

# typst names all of a document's characters without a glyph in one error, as Rust's debug strings.
_UNDISPLAYABLE: Final = re.compile(
    r'the (?:text|PDF contains the codepoint) `"((?:[^"\\]|\\.)*)"`|codepoint `"((?:[^"\\]|\\.)*)"`'
)
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}

_threads = threading.local()
_without_glyph: set[str] = set()


class RenderingFailed(RuntimeError):
    """typst refused a document for another reason than a missing glyph; the message is typst's."""


def render_pdf(evidence: Evidence) -> bytes:
    """Return the unsealed PDF. Raise RenderingFailed.

    The same evidence gives the same bytes with the same version of typst and the same fonts.
    """
    pages = _pages(evidence.content, evidence.organization_name, evidence.document.document_id)
    return _set(pages | certificate(evidence), _made_at(evidence), {"evidence": evidence.to_json().decode()})


def render_preview(content: Content, organization_name: str) -> bytes:
    """Return a document's pages as they will stand in the sealed PDF, before its certificate. Raise RenderingFailed."""
    return _set(_pages(content, organization_name, "Preview"), datetime.now(UTC).replace(microsecond=0), {})


def _set(pages: dict[str, Any], made_at: datetime, attachments: dict[str, str]) -> bytes:
    used = characters(pages)
    for _ in range(_MAX_ROUNDS):
        replaced = used & _without_glyph
        try:
            shown = map_strings(pages, partial(_replace, replaced)) | {"replaced": len(replaced)}
            return _compile(shown, made_at, attachments)
        except typst.TypstError as error:
            found = _undisplayable(error.diagnostic) - _without_glyph
            if not found:
                raise RenderingFailed(error.message) from None
            _without_glyph.update(found)
    raise RenderingFailed("characters without a glyph keep coming")


def _pages(content: Content, organization_name: str, footer: str) -> dict[str, Any]:
    return {
        "title": content.title,
        "organization": organization_name,
        "footer": footer,
        "nodes": [directed(node) for node in map_strings(content.nodes, breakable)],
        "fonts": families(json.dumps(content.nodes, ensure_ascii=False)),
    }


def _made_at(evidence: Evidence) -> datetime:
    last = evidence.events[-1].event.time if evidence.events else evidence.document.created_at
    # typst takes whole seconds.
    return datetime.fromisoformat(last).replace(microsecond=0)


def _compile(pages: dict[str, Any], made_at: datetime, attachments: dict[str, str]) -> bytes:
    made = _compiler().compile(
        _SOURCE,
        sys_inputs={"pages": json.dumps(pages, ensure_ascii=False)} | attachments,
        format="pdf",
        pdf_standards=["a-3a"],
        timestamp=made_at,
    )
    if not isinstance(made, bytes):
        raise RenderingFailed("typst returned no PDF")
    return made


def _compiler() -> typst.Compiler:
    """Return this thread's compiler; making one costs as much as rendering several documents."""
    if not hasattr(_threads, "compiler"):
        _threads.compiler = typst.Compiler(font_paths=fonts())
    compiler: typst.Compiler = _threads.compiler
    return compiler


def _undisplayable(diagnostic: str) -> set[str]:
    texts = (_unescaped(first or second) for first, second in _UNDISPLAYABLE.findall(diagnostic))
    # A cluster is named as a whole: the letter under an accent that is missing has a glyph itself.
    return {character for text in texts for character in text if not (character.isascii() and character.isprintable())}


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(letter, letter)


def _replace(replaced: set[str], text: str) -> str:
    return text.translate(dict.fromkeys(map(ord, replaced), REPLACEMENT)) if replaced else text
