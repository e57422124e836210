"""The command `bulksend send`."""

import asyncio
import sys
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import aiohttp
import click

from bulksend.client.create_input import Order
from bulksend.client.csv_text import UnreadableFile
from bulksend.client.gateway import GatewayClient, GatewayRefused, GatewayUnreachable
from bulksend.client.options import TemplateId, key_file_option, read_key, url_option
from bulksend.client.recipients import Recipients, read_recipients
from bulksend.client.report import outcome_csv, progress
from bulksend.client.send import Outcome, Refused, Sending


@click.command()
@click.argument("recipients_file", type=click.File("rb"), metavar="RECIPIENTS.CSV")
@click.option("--template", "template_id", type=TemplateId(), required=True, help="Its id, tpl_…")
@click.option("--name", required=True, help="Of the bulk send.")
@click.option("--message", help="Your words in every mail.")
@click.option("--external-id", help="Your own id for the bulk send.")
@url_option
@key_file_option
@click.option("--idempotency-key", help="The same key sends once; by default it follows from what is to be sent.")
@click.option("--again", is_flag=True, help="Send even if the same was sent before.")
@click.option("--dry-run", is_flag=True, help="Check everything, show the first mail, send nothing.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where the outcome goes instead of standard output.",
)
@click.option("--excel", is_flag=True, help="Write the outcome so that Excel opens it right: UTF-16, with tabs.")
def send(
    recipients_file: BinaryIO,
    template_id: str,
    url: str,
    key_file: Path | None,
    again: bool,
    dry_run: bool,
    output: Path | None,
    excel: bool,
    **asked: Any,
) -> None:
    """Send a template to everybody in RECIPIENTS.CSV (- is standard input), and write the outcome of each row.

    Columns: name, email and, if you like, phone, message and external_id; every other column is a merge value of that
    name. The same command a second time sends nothing and writes the outcome again. Exit status: 0 when every mail
    was accepted, 1 when one failed or nothing was sent, 2 for wrong usage.
    """
    if again:
        asked["idempotency_key"] = _new_key(asked["idempotency_key"])
    _check_output(output, recipients_file)
    key = read_key(key_file)
    file = "standard input" if recipients_file.name == "<stdin>" else recipients_file.name
    order = Order(template_id=template_id, **asked)
    recipients = _read(recipients_file, file)

    async def run() -> bool:
        async with aiohttp.ClientSession() as session:
            client = GatewayClient(session, url=url, key=key)
            sending = Sending(client, order, file, recipients, _note)
            return await _run(sending, dry_run=dry_run, output=output, excel=excel)

    if not asyncio.run(run()):
        raise click.exceptions.Exit(1)


async def _run(sending: Sending, *, dry_run: bool, output: Path | None, excel: bool) -> bool:
    """Run the command; return whether every mail was accepted."""
    try:
        if dry_run:
            return _show_preview(await sending.preview())
        outcomes = await _send(sending)
    except Refused as refused:
        _note(*refused.messages)
        return False
    except GatewayRefused as refused:
        _note(f"The gateway refused this: {refused}", *_how_it_stands(sending))
        return False
    except GatewayUnreachable as unreachable:
        _note(str(unreachable), *_how_it_stands(sending))
        return False
    except asyncio.CancelledError:
        _note("", "Interrupted.", *_how_it_stands(sending))
        return False
    return _write(outcomes, output, outcome_csv(outcomes, excel=excel))


async def _send(sending: Sending) -> list[Outcome]:
    total = await sending.start()
    with progress(total) as show:
        await sending.follow(show)
    return await sending.outcomes()


def _how_it_stands(sending: Sending) -> list[str]:
    if not sending.asked:
        return ["Nothing was sent."]
    same = "The same command again"
    if sending.order.idempotency_key:
        same = f"The same command with --idempotency-key {sending.idempotency_key} (and without --again)"
    if not sending.bulk_send_id:
        return ["Whether it is being sent is not known.", f"{same} finds out, and sends nothing twice."]
    query = f'{{ bulkSend(id: "{sending.bulk_send_id}") {{ status sentCount failedCount pendingCount }} }}'
    return [
        f"The gateway goes on sending {sending.bulk_send_id}.",
        f"{same} follows it and writes the outcome; it sends nothing twice. Or ask: {query}",
    ]


def _show_preview(dry_run: Any) -> bool:
    _note(f"Nothing was sent. There would be {dry_run['totalCount']} mails; the first:")
    if dry_run["nextBulkSendAt"]:
        _note(f"The organization's next bulk send may be at {dry_run['nextBulkSendAt']} or later.")
    click.echo(f"Subject: {dry_run['previewSubject']}\n\n{dry_run['previewText']}")
    return True


def _write(outcomes: list[Outcome], output: Path | None, content: bytes) -> bool:
    failed = sum(outcome.status != "SENT" for outcome in outcomes)
    _note(f"{len(outcomes) - failed} of {len(outcomes)} sent, {failed} failed.")
    try:
        output.write_bytes(content) if output else _to_stdout(content)
    except OSError as error:
        _note(f"The outcome cannot be written ({error.strerror}). The same command again sends nothing twice.")
        return False
    return not failed


def _to_stdout(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _read(recipients_file: BinaryIO, file: str) -> Recipients:
    try:
        return read_recipients(recipients_file.read())
    except UnreadableFile as unreadable:
        _note(*(f"{file}:{problem.line}: {problem.message}" for problem in unreadable.problems))
        raise click.exceptions.Exit(1) from None


def _check_output(output: Path | None, recipients_file: BinaryIO) -> None:
    if output is None:
        return
    if not output.parent.is_dir():
        raise click.BadParameter("must be in a folder that exists", param_hint="--output")
    if output.exists() and output.resolve() == Path(recipients_file.name).resolve():
        raise click.BadParameter("must be another file than the recipients'", param_hint="--output")


def _new_key(given: str | None) -> str:
    if given is not None:
        raise click.UsageError("--again and --idempotency-key exclude one another: another key sends again.")
    return f"again-{uuid4()}"


def _note(*lines: str) -> None:
    for line in lines:
        click.echo(line, err=True)
