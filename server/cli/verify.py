"""`bulksend verify`: verify a sealed PDF offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command()
@click.option(
    "--certificate",
    type=click.File("rb"),
    help="The sender's certificate, or one that certifies it (PEM or DER): refuse the seal of anybody else.",
)
@click.argument("file", type=click.File("rb"), metavar="FILE.pdf")
def verify(file: BinaryIO, certificate: BinaryIO | None) -> None:
    """Check a sealed PDF offline: its seal, its events, its place in the bulk send. Exit with 1 if it does not hold."""
    # Imported here because parsers of PDFs and certificates take a third of a second to import.
    from bulksend.evidence.certificates import load_certificate
    from bulksend.evidence.errors import VerificationFailed
    from bulksend.evidence.sealed_pdf import MAX_SIZE
    from bulksend.evidence.verification import verify_pdf
    from bulksend.evidence.verification_report import event_lines, findings

    try:
        trusted = load_certificate(certificate.read()) if certificate else None
    except ValueError:
        raise click.BadParameter("is no certificate, PEM or DER", param_hint="--certificate") from None
    try:
        verified = verify_pdf(file.read(MAX_SIZE + 1), trusted)
    except VerificationFailed as error:
        raise click.ClickException(_printable(str(error))) from None
    _print(findings(verified))
    click.echo("\nEvents")
    _print(event_lines(verified.evidence))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(_printable(line))


def _printable(text: str) -> str:
    """Return `text` without control characters and characters that change the direction of writing."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
