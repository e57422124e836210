"""Tokens in the forms of the signing page, which bind a post to the link and to the contents of the page."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

LONGEST_TOKEN: Final = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """The contents of a page. `link`: SHA-256 of the signing link's token."""

    link: str
    generation: int
    document_sha256: str
    consent_sha256: str
    locale: str


class InvalidFormToken(Exception):
    """The token is invalid, or belongs to another link."""


class FormTokens:
    """Creates form tokens with the first of `secret_keys`, the newest, and reads tokens of all of them."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._signer = Signer(
            secret_keys[::-1],  # itsdangerous signs with the last one
            salt=b"bulksend.signing-form",
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )

    def make(self, shown: Shown) -> str:
        """Return the token of a page with these contents."""
        content = json.dumps(asdict(shown), sort_keys=True, separators=(",", ":")).encode()
        return self._signer.sign(base64_encode(content)).decode("ascii")

    def read(self, token: str, link: str) -> Shown:
        """Return the contents of the page that a token is from, given its link's SHA-256. Raise `InvalidFormToken`."""
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise InvalidFormToken
        try:
            shown = Shown(**json.loads(base64_decode(self._signer.unsign(token))))
        except BadData:
            raise InvalidFormToken from None
        if shown.link != link:
            raise InvalidFormToken
        return shown


def link_sha256(token: str) -> str:
    """Return the SHA-256 of a signing link's token, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
