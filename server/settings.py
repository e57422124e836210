"""Settings, read from the environment."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bulksend.server import setting_types as types

PREFIX = "BULKSEND_"


class SettingsError(Exception):
    """Settings are missing or invalid; the message names each of them and its rule, without values."""


def _default_data_dir() -> Path:
    share = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(share).expanduser() / "bulksend"


class Settings(BaseSettings):
    """All settings, from `BULKSEND_*` variables; docs/settings.md describes each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    database_url: types.PostgresUrl | None = Field(default=None, repr=False)
    database_listen_url: types.PostgresUrl | None = Field(default=None, repr=False)
    database_read_url: types.PostgresUrl | None = Field(default=None, repr=False)
    statement_cache_size: int = Field(default=100, ge=0, le=10_000)
    data_dir: types.FilePath = Field(default_factory=_default_data_dir)
    host: types.Host = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: types.PublicUrl | None = None
    cors_origins: types.Origins = ()
    cors_headers: types.HeaderNames = ()
    trusted_proxies: types.Networks = ()
    smtp_url: types.SmtpUrl | None = Field(default=None, repr=False)
    mail_from: types.MailFrom | None = None
    smtp_helo: types.HeloName | None = None
    smtp_connections: int = Field(default=10, ge=1, le=1000)
    smtp_rate: float | None = Field(default=None, gt=0, le=100_000, allow_inf_nan=False)
    retry_delays: types.Delays = (10, 60, 300, 1800, 7200)
    max_queue_age: types.OneSecondOrMore = timedelta(days=1)
    lease: types.OneSecondOrMore = timedelta(seconds=180)
    secret_keys: types.SecretKeys = Field(default=(), repr=False)
    sealing: Literal["on", "off"] = "on"
    sealing_key: types.FilePath | None = None
    sealing_key_password: str | None = Field(default=None, repr=False)
    sealing_timestamp_url: types.HttpUrl | None = None
    sync_wait: types.SecondsOfAWait = timedelta(seconds=25)
    bulk_send_interval: types.Seconds = timedelta(seconds=300)
    connections_per_address: int = Field(default=2_000, ge=1, le=1_000_000)
    requests_per_minute: int = Field(default=120, ge=1, le=1_000_000_000)
    rate_limit_storage: str = Field(default="async+memory://", repr=False)
    shutdown_grace: types.SecondsOfAWait = timedelta(seconds=30)
    introspection: bool = True
    suggestions: bool = False
    executor: Literal["compiled", "core"] = "compiled"
    executor_check: float = Field(default=0, ge=0, le=1, allow_inf_nan=False)
    graphiql: bool = False
    console: bool = True
    log_format: Literal["console", "json"] = "json"

    @field_validator("*", mode="before")
    @classmethod
    def _in_utf8(cls, value: object) -> object:
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("must be in UTF-8") from None
        return value

    @classmethod
    def read(cls, **defaults: Any) -> Self:
        """Read the environment over `defaults`. Raise `SettingsError`."""
        given = {name: value for name, value in defaults.items() if f"{PREFIX}{name.upper()}" not in os.environ}
        try:
            return cls(**given)
        except ValidationError as error:
            rules = {
                f"{PREFIX}{str(detail['loc'][0]).upper()}: {detail['msg'].removeprefix('Value error, ')}": None
                for detail in error.errors(include_url=False, include_input=False)
            }
            raise SettingsError("\n".join(rules)) from None

    def demand(self, *names: str) -> None:
        """Raise `SettingsError` naming those of the given settings that are unset."""
        missing = [f"{PREFIX}{name.upper()}" for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError("\n".join(f"{name}: must be set" for name in missing))
