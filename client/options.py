"""Options of commands that call a gateway, and their types: its URL, the API key, a template's ID."""

import os
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

# The client's environment variables; `Settings` has the gateway's.
KEY_VARIABLE: Final = "BULKSEND_API_KEY"
URL_VARIABLE: Final = "BULKSEND_URL"
_TEMPLATE_ID: Final = re.compile(r"tpl_[0-7][0-9a-hjkmnp-tv-z]{25}", re.ASCII)


class TemplateId(click.ParamType[str]):
    """A template's id."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the id."""
        if not _TEMPLATE_ID.fullmatch(str(value)):
            self.fail("must be an id such as tpl_01h455vb4pex5vsknk084sn02q", param, ctx)
        return str(value)


class GatewayUrl(click.ParamType[str]):
    """The URL of a gateway, without a trailing slash and without a password."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse the URL. Error messages do not repeat it."""
        try:
            parts = urlsplit(str(value))
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.username is not None or parts.query or parts.fragment:
            self.fail("must be http://HOST:PORT or https://HOST, with neither user nor query", param, ctx)
        return str(value).rstrip("/")


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
