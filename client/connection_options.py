"""Options of commands that call a gateway: its URL and the API key."""

import os
from pathlib import Path
from typing import Final

import click

from bulksend.client.option_types import GatewayUrl

# The client's environment variables; `Settings` has the gateway's.
KEY_VARIABLE: Final = "BULKSEND_API_KEY"
URL_VARIABLE: Final = "BULKSEND_URL"

url_option = click.option(
    "--url",
    type=GatewayUrl(),
    envvar=URL_VARIABLE,
    default="http://127.0.0.1:8000",
    show_default=True,
    show_envvar=True,
    help="Where the gateway is.",
)

key_file_option = click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"A file with the API key; without it, the key is in {KEY_VARIABLE}.",
)


def read_key(key_file: Path | None) -> str:
    """Read the API key. No option takes the key itself, because all users of a machine can see command lines."""
    key = _text_of(key_file) if key_file else os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise click.UsageError(f"Set {KEY_VARIABLE} to an API key, or name a file that holds one with --key-file.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise click.UsageError("The API key must be one word: isk_ and 44 characters.")
    return key


def _text_of(key_file: Path) -> str:
    try:
        return key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise click.BadParameter("cannot be read as text", param_hint="--key-file") from None
