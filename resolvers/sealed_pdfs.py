"""Read sealed PDFs: download one, or those of a bulk send together."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from bulksend.db import bulk_sends, sealed_pdfs
from bulksend.db.pool import Connection, reading, write
from bulksend.db.sealed_pdfs import ListedSealedPdfRow, SealedFileRow, SealedPdfRow
from bulksend.delivery import event_log
from bulksend.delivery.download_links import Download
from bulksend.delivery.event_log import Act, Source
from bulksend.resolvers.context import Context, Gateway
from bulksend.resolvers.errors import NotFound


def url(context: Context, row: SealedPdfRow) -> str:
    """Return a link to a sealed PDF that is good for minutes, in the name of the viewer's API key."""
    download = Download(context.caller.organization_id, row.document_id, context.source.actor)
    return context.gateway.downloads.url(download)


async def download(
    gateway: Gateway, *, organization_id: UUID, document_id: UUID, source: Source
) -> SealedFileRow | None:
    """Return a document's sealed PDF and record that it was downloaded; None if there is none."""
    async with reading(gateway.pool) as conn:
        row = await sealed_pdfs.get_file(conn, organization_id=organization_id, document_id=document_id)
    if row is None:
        return None
    bulk_send_id = row.bulk_send_id

    async def work(conn: Connection) -> None:
        await bulk_sends.lock(conn, organization_id=organization_id, bulk_send_id=bulk_send_id)
        await event_log.append(
            conn, organization_id=organization_id, acts=[Act(document_id, "downloaded")], source=source
        )

    await write(gateway.pool, work)
    return row


async def list_of_bulk_send(context: Context, bulk_send_id: UUID) -> list[ListedSealedPdfRow]:
    """Return which sealed PDFs a bulk send has, in the signers' order. Raise `NotFound` if there is no bulk send."""
    if await context.loaders.bulk_sends.load(bulk_send_id) is None:
        raise NotFound
    async with reading(context.gateway.pool) as conn:
        return await sealed_pdfs.list_of_bulk_send(
            conn, organization_id=context.caller.organization_id, bulk_send_id=bulk_send_id
        )


async def read_each(
    context: Context, rows: Sequence[ListedSealedPdfRow]
) -> AsyncIterator[tuple[ListedSealedPdfRow, bytes]]:
    """Yield each listed PDF's bytes, one in memory at a time, recording the download. Raise `NotFound` once deleted."""
    for row in rows:
        found = await download(
            context.gateway,
            organization_id=context.caller.organization_id,
            document_id=row.document_id,
            source=context.source,
        )
        if found is None:
            raise NotFound
        yield row, found.pdf
