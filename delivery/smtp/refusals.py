"""What a refusal is about: this recipient, this message, or us (our name, sender, address, rate).

A server may say at RCPT what it thinks of the client: Postfix's default delays every refusal to there. The enhanced
status code (RFC 3463) decides where it is clear, then the words of widespread servers, then the reply code. Where none
of them does, the refusal is unclear.
"""

import re
from enum import Enum, auto
from typing import Final, NamedTuple


class Subject(Enum):
    """What a refusal is about. All but the first three are about us, or the server itself."""

    RECIPIENT = auto()
    MESSAGE = auto()
    UNCLEAR = auto()
    SENDER = auto()
    POLICY = auto()
    RATE = auto()
    ENCRYPTION = auto()
    SERVER = auto()


_ENHANCED: Final = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})\b")
_QUOTED: Final = re.compile(r"<[^>]*>")
_AUTHENTICITY: Final = range(20, 30)  # X.7.20 to X.7.29: SPF, DKIM, DMARC, reverse DNS (RFC 7372, 7489)


class _Words(NamedTuple):
    subject: Subject
    pattern: re.Pattern[str]


def _words(subject: Subject, *alternatives: str) -> _Words:
    return _Words(subject, re.compile("|".join(alternatives), re.IGNORECASE))


_THING: Final = r"(user|mailbox|recipient|address|account|person)"
# The first that match decide.
_VOCABULARY: Final = (
    _words(Subject.ENCRYPTION, r"starttls", r"encryption (is )?required", r"\btls\b.{0,20}required"),
    _words(Subject.RATE, r"\btoo (many|much)\b", r"\brate\b", r"throttl", r"limit exceeded"),
    _words(Subject.SENDER, r"\bsender\b", r"mail from", r"from address", r"\b(spf|dkim|dmarc)\b"),
    _words(Subject.POLICY, r"\b(helo|ehlo)\b", r"\bhost ?name\b", r"client host", r"\brelay", r"authenticat"),
    _words(
        Subject.RECIPIENT,
        rf"\b(unknown|invalid|no such|nonexistent|inactive|disabled|no) {_THING}",
        rf"\b{_THING}\b.{{0,40}}\b(unknown|not found|not exist|unavailable|disabled|inactive|rejected|invalid|full)\b",
        r"does ?n[o']t exist",
        r"unroute?able",
        r"over ?quota|quota exceeded",
        r"gr[ae]y-?list",
    ),
    _words(Subject.POLICY, r"\b(block|black|deny) ?list", r"\bblocked\b", r"\blisted\b", r"reputation", r"banned"),
)


def subject(code: int, text: str) -> Subject:
    """Return what a refusal at RCPT is about, from its reply code and its text."""
    if match := _ENHANCED.match(text):
        return _by_enhanced_code(int(match[1]), int(match[2]), text)
    if 500 <= code <= 504 and code != 501:  # 501 may be about the recipient's syntax
        return Subject.POLICY
    if (found := _by_words(text)) is not Subject.UNCLEAR:
        return found
    return Subject.RECIPIENT if code in (551, 552) else Subject.UNCLEAR


def subject_of_content(code: int, text: str) -> Subject:
    """Return what a refusal at DATA or after the final dot is about: the message, unless the server says otherwise."""
    if match := _ENHANCED.match(text):
        return _of_content(int(match[1]), int(match[2]), text)
    return Subject.SERVER if 500 <= code <= 504 else Subject.MESSAGE


def _of_content(first: int, second: int, text: str) -> Subject:
    if first == 7 and second in _AUTHENTICITY:
        return Subject.SENDER
    if first == 3 and second != 4:  # X.3.4: the message is too big
        return Subject.SERVER
    return Subject.RATE if _by_words(text) is Subject.RATE else Subject.MESSAGE


def _by_enhanced_code(first: int, second: int, text: str) -> Subject:
    if first == 1:
        return Subject.SENDER if second in (7, 8) or _by_words(text) is Subject.SENDER else Subject.RECIPIENT
    if first == 3:
        return Subject.MESSAGE if second == 4 else Subject.SERVER
    if first == 7:
        found = _by_words(text)
        return Subject.POLICY if found is Subject.UNCLEAR else found
    return {2: Subject.RECIPIENT, 5: Subject.POLICY, 6: Subject.MESSAGE}.get(first) or _by_words(text)


def _by_words(text: str) -> Subject:
    plain = _QUOTED.sub("", text)
    return next((known.subject for known in _VOCABULARY if known.pattern.search(plain)), Subject.UNCLEAR)
