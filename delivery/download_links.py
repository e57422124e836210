"""Download links of sealed PDFs: signed and valid for minutes, for browsers without an API key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from itsdangerous import BadData, URLSafeTimedSerializer

from bulksend.db import ids
from bulksend.delivery.signing_links import InvalidLink

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

GOOD_FOR_SECONDS: Final = 600
_LONGEST_TOKEN: Final = 400


@dataclass(frozen=True, slots=True)
class Download:
    """The contents of a download link: the document, and the API key that requested the link."""

    organization_id: UUID
    document_id: UUID
    actor: str


class DownloadLinks:
    """Creates download links with the newest of `secret_keys` and opens those of all of them."""

    __slots__ = ("_prefix", "_serializer")

    def __init__(self, secret_keys: Sequence[str], public_url: str) -> None:
        """`secret_keys`: newest first. `public_url`: the beginning of the links."""
        self._prefix = f"{public_url.rstrip('/')}/sealed/"
        self._serializer = URLSafeTimedSerializer(
            list(secret_keys[::-1]),  # itsdangerous signs with the last one
            salt=b"bulksend.sealed-pdf",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def url(self, download: Download) -> str:
        """Return `PUBLIC_URL/sealed/<token>`, valid for GOOD_FOR_SECONDS."""
        organization = ids.encode(ids.ORGANIZATION, download.organization_id)
        document = ids.encode(ids.DOCUMENT, download.document_id)
        return self._prefix + str(self._serializer.dumps([organization, document, download.actor]))

    def open(self, token: str) -> Download:
        """Return the contents of `token`. Raise InvalidLink if it is invalid or expired."""
        if len(token) > _LONGEST_TOKEN:
            raise InvalidLink
        try:
            organization, document, actor = self._serializer.loads(token, max_age=GOOD_FOR_SECONDS)
        except BadData:
            raise InvalidLink from None
        return Download(ids.decode(ids.ORGANIZATION, organization), ids.decode(ids.DOCUMENT, document), actor)
