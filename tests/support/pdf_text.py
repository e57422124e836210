"""Extract text from PDFs."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf


def opened(pdf: bytes) -> pikepdf.Pdf:
    """Return an opened PDF, which the caller must close."""
    return pikepdf.open(io.BytesIO(pdf))


def shown(pdf: bytes) -> str:
    """Return the text of all pages, decoded with the fonts' ToUnicode maps, in drawing order."""
    with opened(pdf) as document:
        return "".join(text for page in document.pages for text in _page_text(page))


def _page_text(page: pikepdf.Page) -> Iterator[str]:
    characters: dict[int, str] = {}
    for instruction in pikepdf.parse_content_stream(page):
        operands: Any = instruction.operands
        operator = str(instruction.operator)
        if operator == "Tf":
            characters = _to_unicode(page.Resources.Font[str(operands[0])].ToUnicode.read_bytes().decode())
        elif operator in {"Tj", "TJ"}:
            for string in operands if operator == "Tj" else operands[0]:
                if isinstance(string, pikepdf.String):
                    codes = bytes(string)
                    yield from (
                        characters.get(int.from_bytes(codes[at : at + 2]), "") for at in range(0, len(codes), 2)
                    )


def _to_unicode(cmap: str) -> dict[int, str]:
    singles = re.findall(r"^<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>$", cmap, re.MULTILINE)
    return {int(code, 16): bytes.fromhex(text).decode("utf-16-be") for code, text in singles}
