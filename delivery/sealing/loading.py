"""Reading the contents of sealed PDFs; the Merkle tree of a bulk send is cached while its documents are sealed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cachetools import LRUCache

from bulksend.db import events, ids, sealed_pdfs
from bulksend.delivery.document_values import shown_values
from bulksend.delivery.sealing.unsealed import Unsealed, event
from bulksend.evidence.events import DocumentRecord, format_time
from bulksend.evidence.evidence_file import BulkSendRecord
from bulksend.evidence.merkle_tree import MerkleTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bulksend.db.pool import Connection, Pool
    from bulksend.db.sealed_pdfs import SealingJobRow, UnsealedRow

_TREES: Final = 32


class Loader:
    """Reads documents for sealing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._trees: LRUCache[UUID, MerkleTree] = LRUCache(_TREES)

    async def load(self, job: SealingJobRow) -> tuple[UUID, Unsealed]:
        """Return the bulk send of a job's document and the contents of its PDF. Raise LookupError if it was deleted."""
        async with self._pool.acquire() as conn:
            row = await sealed_pdfs.load(conn, organization_id=job.organization_id, document_id=job.document_id)
            if row is None:
                raise LookupError
            history = await events.get_histories(
                conn, organization_id=job.organization_id, document_ids=[job.document_id]
            )
            tree = await self._tree(conn, job.organization_id, row)
        return row.bulk_send_id, Unsealed(
            document=_records(job.organization_id, row, [job.document_id], first=row.signer_index)[0],
            bulk_send=_bulk_send(row, tree),
            organization_name=row.organization_name,
            signer_name=row.signer_name,
            signer_email=row.signer_email,
            sent_at=format_time(row.sent_at) if row.sent_at else None,
            template_name=row.template_name,
            template_body=row.template_body,
            values=shown_values(row.template_fields, json.loads(row.signer_values)),
            events=[event(found) for found in history],
        )

    async def _tree(self, conn: Connection, organization_id: UUID, row: UnsealedRow) -> MerkleTree:
        tree = self._trees.get(row.bulk_send_id)
        if tree is None:
            found = await sealed_pdfs.document_ids(conn, organization_id=organization_id, bulk_send_id=row.bulk_send_id)
            records = _records(organization_id, row, found)
            tree = self._trees[row.bulk_send_id] = MerkleTree([record.leaf_hash() for record in records])
        return tree


def _records(
    organization_id: UUID, row: UnsealedRow, document_ids: Sequence[UUID], *, first: int = 0
) -> list[DocumentRecord]:
    """Return the records of documents of one bulk send, whose signers' indexes begin with `first`."""
    shared = {
        "organization_id": ids.encode(ids.ORGANIZATION, organization_id),
        "bulk_send_id": ids.encode(ids.BULK_SEND, row.bulk_send_id),
        "template_id": ids.encode(ids.TEMPLATE, row.template_id),
        "template_sha256": hashlib.sha256(row.template_body.encode()).hexdigest(),
        "created_at": format_time(row.created_at),
    }
    return [
        DocumentRecord.model_validate(
            shared | {"document_id": ids.encode(ids.DOCUMENT, document_id), "signer_index": index}
        )
        for index, document_id in enumerate(document_ids, start=first)
    ]


def _bulk_send(row: UnsealedRow, tree: MerkleTree) -> BulkSendRecord:
    return BulkSendRecord(
        name=row.bulk_send_name,
        size=row.total_count,
        merkle_root=tree.root.hex(),
        merkle_proof=[sibling.hex() for sibling in tree.proof(row.signer_index)],
    )
