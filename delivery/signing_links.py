"""Signing links: signed, not stored, so that a stolen database contains none."""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_KEY_LENGTH = 32
"""Characters of the shortest secret key."""

_VERSION = 1
_CONTENT = struct.Struct(">B16s16sI")  # version, organization, document, generation
_TOKEN_LENGTH = 94  # 50 characters of content, a dot, 43 of signature


class InvalidLink(Exception):
    """No secret key of ours signed this token."""


@dataclass(frozen=True, slots=True)
class SigningLink:
    """The contents of a signing link: it opens the document while the document's generation is the same."""

    organization_id: UUID
    document_id: UUID
    generation: int


class SigningLinks:
    """Creates signing links with the newest of `secret_keys` and opens those of all of them.

    `secret_keys` come newest first. Raise ValueError for no key, and for one under MIN_KEY_LENGTH.
    """

    __slots__ = ("_key", "_prefix", "_signer")

    def __init__(self, secret_keys: Sequence[str], public_url: str) -> None:
        _check_keys(secret_keys)
        self._prefix = f"{public_url.rstrip('/')}/sign/"
        self._signer = Signer(
            secret_keys[::-1],  # itsdangerous signs with the last one
            salt=b"bulksend.signing-link",
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )
        self._key = self._signer.derive_key()  # what `Signer.sign` derives anew each time

    def url(self, organization_id: UUID, document_id: UUID, generation: int) -> str:
        """Return a document's link, `PUBLIC_URL/sign/<token>`; `generation` is 0 to 2³²-1."""
        content = base64_encode(_CONTENT.pack(_VERSION, organization_id.bytes, document_id.bytes, generation))
        signature = base64_encode(hmac.digest(self._key, content, "sha256"))
        return f"{self._prefix}{content.decode('ascii')}.{signature.decode('ascii')}"

    @property
    def example(self) -> str:
        """Return an example of a link for previews, which opens no document."""
        return f"{self._prefix}example"

    def open(self, token: str) -> SigningLink:
        """Return the contents of `token`. Raise InvalidLink for every text that `url` did not create."""
        if len(token) != _TOKEN_LENGTH or not token.isascii():
            raise InvalidLink
        try:
            content = self._signer.unsign(token)
        except BadData:
            raise InvalidLink from None
        if not _is_canonical(token):
            raise InvalidLink
        return _read(base64_decode(content))


def _check_keys(secret_keys: Sequence[str]) -> None:
    if isinstance(secret_keys, str) or not secret_keys:
        raise ValueError("at least one secret key is needed, in a list")
    for position, key in enumerate(secret_keys, start=1):
        if len(key) < MIN_KEY_LENGTH:
            raise ValueError(f"secret key {position} is shorter than {MIN_KEY_LENGTH} characters")


def _is_canonical(token: str) -> bool:
    """Base64 of 32 bytes leaves two bits unused, and decoders skip foreign characters: one spelling only."""
    signature = token.rpartition(".")[2]
    return base64_encode(base64_decode(signature)).decode("ascii") == signature


def _read(content: bytes) -> SigningLink:
    if len(content) != _CONTENT.size or content[0] != _VERSION:
        raise InvalidLink
    _, organization, document, generation = _CONTENT.unpack(content)
    return SigningLink(UUID(bytes=organization), UUID(bytes=document), generation)
