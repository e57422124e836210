"""The content of a document as its signer saw it: a title and a tree of nodes, identified by a SHA-256."""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias

from bulksend.evidence.canonical_json import canonical_bytes
from bulksend.evidence.events import Record

Node: TypeAlias = dict[str, Any]
"""A node of the content: `type` and the members that `docs/evidence.md` lists for it."""


class Content(Record):
    """What one signer is shown: the template's name, and its body filled for them."""

    title: str
    nodes: list[Node]

    def sha256(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hexadecimal: `document_sha256` of the events."""
        return hashlib.sha256(canonical_bytes({"nodes": self.nodes, "title": self.title})).hexdigest()
