"""Fonts of sealed PDFs: those within typst, and Noto for more scripts if the extra `fonts` is installed."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import typst

_PACKAGES: Final = ("manimgx_fonts", "manimgx_fonts_cjk")
_FAMILIES: Final = ("Libertinus Serif", "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari")
_CHINESE, _JAPANESE, _KOREAN = "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR"
_KANA: Final = re.compile(r"[\u3040-\u30ff]")
_HANGUL: Final = re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")


@cache
def fonts() -> typst.Fonts:
    """Return all fonts that may be used, loaded once a process, without the system's: files must not vary."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=_folders())


def families(text: str) -> list[str]:
    """Return the font families for `text`, best first. Han characters look as in the language that the rest is in."""
    if _KANA.search(text):
        preferred = (_JAPANESE, _KOREAN, _CHINESE)
    elif _HANGUL.search(text):
        preferred = (_KOREAN, _JAPANESE, _CHINESE)
    else:
        preferred = (_CHINESE, _JAPANESE, _KOREAN)
    installed = _installed()
    return [family for family in (*_FAMILIES, *preferred) if family in installed]


@cache
def _installed() -> frozenset[str]:
    return frozenset(fonts().families())


def _folders() -> list[Path]:
    specs = (find_spec(package) for package in _PACKAGES)
    return [Path(spec.origin).parent for spec in specs if spec is not None and spec.origin is not None]
