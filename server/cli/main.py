"""The command line: results to standard output, everything else to standard error; exit status 0, 1 or 2."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TextIO, TypeVar
from uuid import UUID

import click
import uvloop

from bulksend.client.code_generation import codegen
from bulksend.client.command import send
from bulksend.db import ids
from bulksend.db.embedded.server import EmbeddedPostgresError
from bulksend.db.errors import UNREACHABLE
from bulksend.db.migrations import DatabaseIsNewer, MigrationsPending, migrate
from bulksend.resolvers.model_errors import Invalid
from bulksend.resolvers.viewer import GRANTABLE
from bulksend.resolvers.visible_text import is_visible
from bulksend.server.cli import administration
from bulksend.server.cli.database import database, single_connection
from bulksend.server.cli.types import PublicId
from bulksend.server.cli.verify import verify
from bulksend.server.http.addresses import CannotListen
from bulksend.server.logs import set_up_logs
from bulksend.server.settings import Settings, SettingsError

Result = TypeVar("Result")

LONGEST_DESCRIPTION = 1000

_EXPECTED = (
    SettingsError,
    EmbeddedPostgresError,
    MigrationsPending,
    DatabaseIsNewer,
    Invalid,
    administration.NoSuchOrganization,
    CannotListen,
)


LONGEST_CONSENT = 10_000

organization_option = click.option(
    "--organization", "organization_id", type=PublicId(ids.ORGANIZATION), required=True, help="Its id, org_…"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bulksend")
def main() -> None:
    """Send one template to up to 500 people, each with a document and a signing link of their own."""


@main.command()
def dev() -> None:
    """Everything embedded: PostgreSQL, a mail catcher, a demo organization with key and templates, GraphiQL."""
    # Imported here because it takes half a second, which other commands need not wait for.
    from bulksend.server.dev import process

    settings = _settings(graphiql=True, suggestions=True, log_format="console", bulk_send_interval=timedelta())
    _run(process.dev(settings), settings)


@main.command()
@click.option("--no-delivery", is_flag=True, help="Leave delivery to `bulksend work`.")
def serve(no_delivery: bool) -> None:
    """The gateway; it delivers too unless told not to."""
    from bulksend.server.cli import processes

    settings = _settings()
    _run(processes.serve(settings, delivery=not no_delivery), settings)


@main.command()
def work() -> None:
    """A delivery worker alone."""
    from bulksend.server.cli import processes

    settings = _settings()
    _run(processes.work(settings), settings)


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database to this version."""
    settings = _settings()

    async def run() -> None:
        async with database(settings) as found:
            applied = await migrate(found.database_url or "")
        for migration in applied:
            click.echo(f"{migration.version:04} {migration.name}", err=True)
        click.echo("The database is up to date.", err=True)

    _run(run(), settings)


@main.command()
def schema() -> None:
    """Print the GraphQL schema as SDL."""
    from bulksend.schema.build import build_schema

    click.echo(build_schema().as_str())


@main.group()
def organizations() -> None:
    """Tenants."""


@organizations.command("create")
@click.argument("name")
def create_organization(name: str) -> None:
    """Make an organization and print its id."""
    _check_name(name)
    click.echo(_with_database(lambda pool: administration.create_organization(pool, name)))


@organizations.command("consent")
@organization_option
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
def set_consent(organization_id: UUID, file: TextIO | None) -> None:
    """Set the text that signers consent to from FILE; without one, take the text that comes with Bulksend."""
    try:
        text = file.read().strip() if file else None
    except UnicodeDecodeError:
        raise click.BadParameter("must be UTF-8", param_hint="FILE") from None
    if text is not None and not 1 <= len(text) <= LONGEST_CONSENT:
        raise click.BadParameter(f"must have 1 to {LONGEST_CONSENT} characters", param_hint="FILE")
    _with_database(lambda pool: administration.set_consent_text(pool, organization_id, text))


@main.group()
def keys() -> None:
    """API keys."""


@keys.command("create")
@organization_option
@click.option("--name", required=True, help="What it is for.")
@click.option("--scopes", required=True, help=f"Separated by commas: {', '.join(GRANTABLE)}.")
@click.option("--expires-in", type=click.IntRange(1, 36500), metavar="DAYS", help="Days until it stops working.")
def create_key(organization_id: UUID, name: str, scopes: str, expires_in: int | None) -> None:
    """Make an API key and print it, once: it is not stored."""
    _check_name(name)
    granted = _scopes(scopes)
    lifetime = timedelta(days=expires_in) if expires_in else None
    click.echo(
        _with_database(
            lambda pool: administration.create_key(
                pool, organization_id, name=name, scopes=granted, expires_in=lifetime
            )
        )
    )


@keys.command("list")
@organization_option
def list_keys(organization_id: UUID) -> None:
    """Print an organization's keys: id, name, scopes, state, last use; separated by tabs."""
    for row in _with_database(lambda pool: administration.list_keys(pool, organization_id)):
        state = "revoked" if row.revoked_at else f"until {row.expires_at:%Y-%m-%d}" if row.expires_at else "valid"
        used = f"{row.last_used_at:%Y-%m-%dT%H:%M:%SZ}" if row.last_used_at else "never"
        click.echo("\t".join([ids.encode(ids.API_KEY, row.id), row.name, ",".join(row.scopes), state, used]))


@keys.command("revoke")
@organization_option
@click.argument("key_id", type=PublicId(ids.API_KEY), metavar="KEY_ID")
def revoke_key(organization_id: UUID, key_id: UUID) -> None:
    """Revoke a key for good; it stops working within a second."""
    if not _with_database(lambda pool: administration.revoke_key(pool, organization_id, key_id)):
        raise click.ClickException("There is no such key, or it was revoked before.")
    click.echo("Revoked.", err=True)


@main.group()
def templates() -> None:
    """What is sent."""


@templates.command("add")
@organization_option
@click.option("--name", required=True, help="Signers see it.")
@click.option("--description", help="A note for those who choose among templates.")
@click.argument("file", type=click.File("r", encoding="utf-8"))
def add_template(organization_id: UUID, name: str, description: str | None, file: TextIO) -> None:
    """Add a template from a Markdown FILE (- is standard input) and print its id."""
    _check_name(name)
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        raise click.BadParameter(f"must have at most {LONGEST_DESCRIPTION} characters", param_hint="--description")
    try:
        body = file.read()
    except UnicodeDecodeError:
        raise click.BadParameter("must be UTF-8", param_hint="FILE") from None
    click.echo(
        _with_database(
            lambda pool: administration.add_template(
                pool, organization_id, name=name, description=description, body=body
            )
        )
    )


main.add_command(send)
main.add_command(codegen)
main.add_command(verify)


def _settings(**defaults: Any) -> Settings:
    try:
        settings = Settings.read(**defaults)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    set_up_logs(settings.log_format)
    return settings


def _with_database(work: Callable[[Any], Coroutine[Any, Any, Result]]) -> Result:
    settings = _settings(log_format="console")

    async def run() -> Result:
        async with single_connection(settings) as pool:
            return await work(pool)

    return _run(run(), settings)


def _run(work: Coroutine[Any, Any, Result], settings: Settings) -> Result:
    try:
        # uvloop takes some 15 % off the time of a request.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except _EXPECTED as error:
        raise click.ClickException(str(error) or (type(error).__doc__ or "")) from None
    except UNREACHABLE as error:
        raise click.ClickException(_no_way(error)) from None


def _no_way(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        # An error of a file, such as the data folder, and not of the database.
        return f"{error.filename}: {error.strerror}"
    return f"The database cannot be reached ({type(error).__name__})."


def _scopes(text: str) -> list[str]:
    granted = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [part for part in granted if part not in GRANTABLE]
    if unknown or not granted:
        raise click.BadParameter(f"must be among {', '.join(GRANTABLE)}", param_hint="--scopes")
    return granted


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= 200 or not is_visible(name) or not name.isprintable():
        raise click.BadParameter("must have 1 to 200 characters on one line", param_hint="NAME")
