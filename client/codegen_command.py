"""The command `bulksend codegen`."""

import asyncio
from pathlib import Path
from typing import Any, Final

import aiohttp
import click

from bulksend.client.code_generation import QUERY, csv_header, typescript
from bulksend.client.connection_options import key_file_option, read_key, url_option
from bulksend.client.gateway import GatewayClient, GatewayRefused, GatewayUnreachable
from bulksend.client.option_types import TemplateId

_GENERATORS: Final = {"typescript": typescript, "csv": csv_header}


@click.command()
@click.argument("template_id", type=TemplateId(), metavar="TEMPLATE")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_GENERATORS)),
    default="typescript",
    show_default=True,
    help="A TypeScript type of a signer's values, or the header of a file for `bulksend send`.",
)
@url_option
@key_file_option
def codegen(template_id: str, format_: str, url: str, key_file: Path | None) -> None:
    """Write code for the fields of TEMPLATE (tpl_…) to standard output.

    The API key needs templates.read.
    """
    key = read_key(key_file)
    try:
        template = asyncio.run(_fetch(url, key, template_id))
    except (GatewayRefused, GatewayUnreachable) as error:
        raise click.ClickException(str(error)) from None
    if template is None:
        raise click.ClickException("The organization has no such template.")
    click.echo(_GENERATORS[format_](template), nl=False)


async def _fetch(url: str, key: str, template_id: str) -> Any:
    async with aiohttp.ClientSession() as session:
        data = await GatewayClient(session, url=url, key=key).ask(QUERY, {"id": template_id})
        return data["template"]
