"""Settings: the only reader of the environment."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bulksend.delivery.signing_links import MIN_KEY_LENGTH
from bulksend.delivery.smtp.mailer import SmtpServer
from bulksend.server.http.client_address import ClientAddresses

PREFIX = "BULKSEND_"
LONGEST_DELAY = 365 * 86400.0


class SettingsError(Exception):
    """The environment is not as the README describes; the message names every setting and rule, and no value."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    try:
        ClientAddresses(value)
    except ValueError:
        raise ValueError("must be IP addresses or networks such as 10.0.0.0/8, separated by commas") from None
    return value


def _seconds(value: object) -> object:
    if not isinstance(value, str | int | float):
        return value
    try:
        return timedelta(seconds=float(value))
    except (ValueError, OverflowError):
        raise ValueError("must be a number of seconds") from None


def _default_data_dir() -> Path:
    share = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(share).expanduser() / "bulksend"


Commas = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Url = Annotated[str, AfterValidator(_http_url)]
Seconds = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta())]
MoreThanZero = Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta())]
Delay = Annotated[float, Field(ge=0, le=LONGEST_DELAY, allow_inf_nan=False)]
Delays = Annotated[tuple[Delay, ...], NoDecode, BeforeValidator(_split), Field(max_length=50)]


class Settings(BaseSettings):
    """Every setting, read from `BULKSEND_*`; the README says what each is for."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    database_url: str | None = Field(default=None, repr=False)
    database_listen_url: str | None = Field(default=None, repr=False)
    database_read_url: str | None = Field(default=None, repr=False)
    statement_cache_size: int = Field(default=100, ge=0)
    data_dir: Path = Field(default_factory=_default_data_dir)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: Url | None = None
    cors_origins: Commas = ()
    trusted_proxies: Annotated[Commas, AfterValidator(_networks)] = ()
    smtp_url: str | None = Field(default=None, repr=False)
    mail_from: str | None = None
    smtp_connections: int = Field(default=10, ge=1, le=1000)
    smtp_rate: float | None = Field(default=None, gt=0)
    retry_delays: Delays = (10, 60, 300, 1800, 7200)
    max_queue_age: MoreThanZero = timedelta(days=1)
    lease: Annotated[MoreThanZero, Field(ge=timedelta(seconds=1))] = timedelta(seconds=180)
    secret_keys: Annotated[Commas, Field(repr=False)] = ()
    sync_wait: Seconds = timedelta(seconds=25)
    bulk_send_interval: Seconds = timedelta(seconds=300)
    connections_per_address: int = Field(default=2_000, ge=1, le=1_000_000)
    requests_per_minute: int = Field(default=120, ge=1)
    rate_limit_storage: str = Field(default="async+memory://", repr=False)
    shutdown_grace: Seconds = timedelta(seconds=30)
    introspection: bool = True
    suggestions: bool = False
    executor: Literal["compiled", "core"] = "compiled"
    executor_check: float = Field(default=0, ge=0, le=1, allow_inf_nan=False)
    graphiql: bool = False
    console: bool = True
    log_format: Literal["console", "json"] = "json"

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(key) < MIN_KEY_LENGTH for key in keys):
            raise ValueError(f"each key must have at least {MIN_KEY_LENGTH} characters")
        return keys

    @field_validator("smtp_url")
    @classmethod
    def _well_formed(cls, url: str | None) -> str | None:
        if url is not None:
            SmtpServer.from_url(url)
        return url

    @classmethod
    def read(cls, **defaults: Any) -> Self:
        """Read the environment over `defaults`. Raises `SettingsError`."""
        given = {name: value for name, value in defaults.items() if f"{PREFIX}{name.upper()}" not in os.environ}
        try:
            return cls(**given)
        except ValidationError as error:
            lines = [
                f"{PREFIX}{str(detail['loc'][0]).upper()}: {detail['msg'].removeprefix('Value error, ')}"
                for detail in error.errors(include_url=False, include_input=False)
            ]
            raise SettingsError("\n".join(lines)) from None

    def demand(self, *names: str) -> None:
        """Raise `SettingsError` naming those of the settings that are unset."""
        missing = [f"{PREFIX}{name.upper()}" for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError("\n".join(f"{name}: must be set" for name in missing))
