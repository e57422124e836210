"""Detection of invisible text: Unicode has many invisible characters besides white space."""

import re
import unicodedata
from typing import Final

# Default_Ignorable_Code_Point of Unicode 17.0, DerivedCoreProperties.txt, and what is drawn as nothing: a braille cell
# without dots, a null notehead and Egyptian blanks.
_IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U0001d159\U00013441\U00013442]"
)
# Letters, numbers, punctuation and symbols; marks alone, separators, controls and unassigned characters show nothing.
_SHOWN: Final = frozenset("LNPS")


def is_visible(text: str) -> bool:
    """Return whether at least one character of a text can be seen."""
    return any(unicodedata.category(character)[0] in _SHOWN for character in _IGNORABLE.sub("", text))


def without_invisible(text: str) -> str:
    """Return the text without characters that are never drawn, such as zero-width spaces and byte order marks."""
    return text if text.isascii() else _IGNORABLE.sub("", text)


def may_be_invisible(text: str) -> bool:
    """Return whether any character of the text is one that is never drawn, at the cost of one search."""
    return not text.isascii() and _IGNORABLE.search(text) is not None
