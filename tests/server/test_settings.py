"""Settings: read from the environment, refused by name, and never told."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from bulksend.server.settings import Settings, SettingsError

SECRET = "hush, this is a secret of 40 characters."


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BULKSEND_")]:
        monkeypatch.delenv(name)


def read(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> object:
    """What a setting comes to."""
    monkeypatch.setenv(f"BULKSEND_{name}", value)
    return getattr(Settings.read(), name.lower())


def test_the_defaults_are_the_documented_ones() -> None:
    settings = Settings.read()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.smtp_connections == 10
    assert settings.smtp_rate is None
    assert settings.retry_delays == (10, 60, 300, 1800, 7200)
    assert settings.max_queue_age == timedelta(days=1)
    assert settings.sync_wait == timedelta(seconds=25)
    assert settings.bulk_send_interval == timedelta(seconds=300)
    assert settings.requests_per_minute == 120
    assert settings.log_format == "json"
    assert not settings.graphiql
    # No default of these would be anybody's own.
    for name in ("database_url", "database_read_url", "smtp_url", "mail_from", "public_url", "secret_keys"):
        assert not getattr(settings, name)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PORT", "0", 0),
        ("SYNC_WAIT", "2.5", timedelta(seconds=2.5)),
        ("SYNC_WAIT", "0", timedelta()),
        ("BULK_SEND_INTERVAL", "0", timedelta()),
        ("MAX_QUEUE_AGE", "3600", timedelta(hours=1)),
        ("RETRY_DELAYS", "1, 2.5,3", (1, 2.5, 3)),
        ("RETRY_DELAYS", "", ()),
        (
            "CORS_ORIGINS",
            "https://a.example.com, http://localhost:3000",
            ("https://a.example.com", "http://localhost:3000"),
        ),
        ("PUBLIC_URL", "https://sign.example.com/", "https://sign.example.com"),
        (
            "SMTP_URL",
            "smtp://user:pass@mail.example.com:587?starttls=true",
            "smtp://user:pass@mail.example.com:587?starttls=true",
        ),
        ("SMTP_RATE", "0.5", 0.5),
        ("SECRET_KEYS", f"{'n' * 32}, {'o' * 32}", ("n" * 32, "o" * 32)),
        ("DATA_DIR", "/somewhere/else", Path("/somewhere/else")),
        ("LOG_FORMAT", "console", "console"),
        ("INTROSPECTION", "false", False),
        ("GRAPHIQL", "true", True),
    ],
)
def test_a_setting_is_read(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object) -> None:
    assert read(monkeypatch, name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "hush"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("SYNC_WAIT", "hush"),
        ("SYNC_WAIT", "-1"),
        ("SYNC_WAIT", "nan"),
        ("SYNC_WAIT", "inf"),
        ("SYNC_WAIT", "1e300"),
        ("BULK_SEND_INTERVAL", "-0.1"),
        ("MAX_QUEUE_AGE", "0"),
        ("LEASE", "0"),
        ("RETRY_DELAYS", "1,hush"),
        ("RETRY_DELAYS", "-1"),
        ("RETRY_DELAYS", "nan"),
        ("RETRY_DELAYS", "inf"),
        ("REQUESTS_PER_MINUTE", "0"),
        ("SMTP_CONNECTIONS", "0"),
        ("SMTP_RATE", "0"),
        ("SMTP_RATE", "nan"),
        ("SMTP_URL", "hush"),
        ("SMTP_URL", "http://hush"),
        ("SMTP_URL", "smtp://user:hush@:nonsense"),
        ("PUBLIC_URL", "hush.example.com"),
        ("PUBLIC_URL", "ftp://hush.example.com"),
        ("SECRET_KEYS", "hush"),
        ("SECRET_KEYS", f"{'n' * 32},hush"),
        ("LOG_FORMAT", "hush"),
        ("STATEMENT_CACHE_SIZE", "-1"),
        ("INTROSPECTION", "hush"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^BULKSEND_{name}: ") as refusal:
        read(monkeypatch, name, text)
    assert "hush" not in str(refusal.value)


def test_every_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULKSEND_PORT", "x")
    monkeypatch.setenv("BULKSEND_LEASE", "x")
    with pytest.raises(SettingsError) as refusal:
        Settings.read()
    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == ["BULKSEND_PORT", "BULKSEND_LEASE"]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.read(mail_from="a@example.com").demand("smtp_url", "mail_from", "secret_keys")
    assert str(refusal.value) == "BULKSEND_SMTP_URL: must be set\nBULKSEND_SECRET_KEYS: must be set"


def test_the_environment_goes_before_a_commands_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULKSEND_GRAPHIQL", "false")
    assert not Settings.read(graphiql=True).graphiql
    assert Settings.read(log_format="console").log_format == "console"


def test_secrets_are_not_in_representations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULKSEND_SECRET_KEYS", SECRET.replace(",", ""))
    monkeypatch.setenv("BULKSEND_SMTP_URL", "smtp://user:hush@mail.example.com")
    monkeypatch.setenv("BULKSEND_RATE_LIMIT_STORAGE", "async+redis://:hush@cache.example.com")
    for name in ("DATABASE_URL", "DATABASE_LISTEN_URL", "DATABASE_READ_URL"):
        monkeypatch.setenv(f"BULKSEND_{name}", "postgresql://user:hush@database.example.com/bulksend")
    settings = Settings.read()
    assert "hush" not in repr(settings)
    assert "hush" not in str(settings)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.read().port = 1  # type: ignore[misc]
