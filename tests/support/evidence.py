"""Sample evidence of a signed document."""

import hashlib
from typing import Any

from bulksend.delivery.template_content import content_nodes
from bulksend.evidence.content import Content
from bulksend.evidence.events import DocumentRecord, Event
from bulksend.evidence.evidence_file import BulkSendRecord, Evidence, linked
from bulksend.evidence.merkle_tree import MerkleTree

BODY = """\
# Agreement

**{{ signer.name }}** keeps what is said between the two a secret.

| What | Agreed |
|---|---:|
| Payment | 30 days |

1. Keep it secret.
2. Use it for *nothing* else.

> As agreed, see [the terms](https://example.com/terms).
"""
_BULK_SEND = {
    "organization_id": "org_01h455vb4pex5vsknk084sn02q",
    "bulk_send_id": "bs_01h455vb4pex5vsknk084sn02q",
    "template_id": "tpl_01h455vb4pex5vsknk084sn02q",
    "created_at": "2026-11-25T09:00:00.000Z",
}


def document_records(count: int, body: str = BODY) -> list[DocumentRecord]:
    template = hashlib.sha256(body.encode()).hexdigest()
    return [
        DocumentRecord(**_BULK_SEND, template_sha256=template, document_id=f"doc_{index:026}", signer_index=index)
        for index in range(count)
    ]


def signed_evidence(
    body: str = BODY, *, name: str = "Zoë Müller", index: int = 2, size: int = 5, details: dict[str, Any] | None = None
) -> Evidence:
    records = document_records(size, body)
    tree = MerkleTree([record.leaf_hash() for record in records])
    content = Content(
        title="Agreement", nodes=content_nodes(body, signer_name=name, signer_email="zoe@example.com", values={})
    )
    return Evidence(
        document=records[index],
        bulk_send=BulkSendRecord(
            name="Agreements of November",
            size=size,
            merkle_root=tree.root.hex(),
            merkle_proof=[sibling.hex() for sibling in tree.proof(index)],
        ),
        organization_name="Vendor Ltd",
        signer_name=name,
        signer_email="zoe@example.com",
        sent_at="2026-11-25T09:00:01.000Z",
        content=content,
        events=linked(records[index], history(name, content.sha256(), details or {})),
    )


def history(name: str, document_sha256: str, details: dict[str, Any]) -> list[Event]:
    """Return the events viewed, consented and signed."""
    happened = [
        ("viewed", {"document_sha256": document_sha256}),
        ("consented", {"consent_sha256": hashlib.sha256(b"I agree.").hexdigest()}),
        ("signed", {"name": name, "document_sha256": document_sha256} | details),
    ]
    return [
        Event(
            sequence=sequence,
            type=type_,
            time=f"2026-11-25T10:00:0{sequence}.250Z",
            actor="signer",
            ip="203.0.113.7",
            user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            details=details,
        )
        for sequence, (type_, details) in enumerate(happened, start=1)
    ]
