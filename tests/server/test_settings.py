"""Settings: read from the environment, with errors that contain the name but never the value."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulksend.server.settings import Settings, SettingsError

SECRET = "hush, this is a secret of 40 characters."


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BULKSEND_")]:
        monkeypatch.delenv(name)


def read(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> object:
    """Return the parsed value of a setting."""
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
    # No default could be right for these.
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
        ("CORS_ORIGINS", "*", ("*",)),
        ("CORS_ORIGINS", "https://app.example.com:8443/", ("https://app.example.com:8443/",)),
        ("CORS_ORIGINS", "chrome-extension://abcdefgh", ("chrome-extension://abcdefgh",)),
        ("CORS_HEADERS", "X-Trace, x-datadog-trace-id", ("X-Trace", "x-datadog-trace-id")),
        ("PUBLIC_URL", "https://sign.example.com/", "https://sign.example.com"),
        ("PUBLIC_URL", "http://[::1]:8000/sign", "http://[::1]:8000/sign"),
        ("PUBLIC_URL", "https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ("MAIL_FROM", "sign@acme.example", "sign@acme.example"),
        ("MAIL_FROM", " <sign@acme.example> ", "sign@acme.example"),
        ("MAIL_FROM", "Acme <sign@acme.example>", '"Acme" <sign@acme.example>'),
        ("MAIL_FROM", "Acme Inc. & Sons' <sign@localhost>", '"Acme Inc. & Sons\'" <sign@localhost>'),
        ("MAIL_FROM", '"Acme, Inc" <sign@acme.example>', '"Acme, Inc" <sign@acme.example>'),
        ("MAIL_FROM", '"[Acme] @ \\"Work\\"" <a@acme.example>', '"[Acme] @ \\"Work\\"" <a@acme.example>'),
        ("MAIL_FROM", "Müller GmbH <post@müller.example>", '"Müller GmbH" <post@müller.example>'),
        ("HOST", "::1", "::1"),
        ("HOST", "", ""),
        ("DATA_DIR", "~/here", Path("~/here").expanduser()),
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
        ("PUBLIC_URL", "https://hush.example "),
        ("PUBLIC_URL", " https://hush.example"),
        ("PUBLIC_URL", "https://hush.example\n"),
        ("PUBLIC_URL", "https://hush.example\u00a0"),
        ("PUBLIC_URL", "https://hush.example?x=1"),
        ("PUBLIC_URL", "https://hush.example?"),
        ("PUBLIC_URL", "https://hush.example/#"),
        ("PUBLIC_URL", "https://hush.example/#top"),
        ("PUBLIC_URL", "https://me@hush.example"),
        ("PUBLIC_URL", "https://me:secret@hush.example"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https:///hush"),
        ("PUBLIC_URL", "https://:8000"),
        ("PUBLIC_URL", "https://hush.example:x"),
        ("PUBLIC_URL", "https://hush.example:0"),
        ("PUBLIC_URL", "https://hush.example:65536"),
        ("PUBLIC_URL", "https://hush_.-.example"),
        ("PUBLIC_URL", "https://hush..example"),
        ("PUBLIC_URL", "https://[::hush]"),
        ("PUBLIC_URL", "https://hush.example\\sign"),
        ("PUBLIC_URL", "https://hush.example/<b>"),
        ("CORS_ORIGINS", "hush.example"),
        ("CORS_ORIGINS", "https://a.example, https://hush.example/path"),
        ("CORS_ORIGINS", "https://hush.example?"),
        ("CORS_ORIGINS", "https://hush.example https://b.example"),
        ("CORS_ORIGINS", "https://me@hush.example"),
        ("CORS_ORIGINS", "https://*.hush.example"),
        ("CORS_ORIGINS", "null"),
        ("CORS_HEADERS", "hush hush"),
        ("CORS_HEADERS", "X-Hush:"),
        ("MAIL_FROM", "hush"),
        ("MAIL_FROM", "Hush @ Work <sign@acme.example>"),
        ("MAIL_FROM", "Hush, Inc <sign@acme.example>"),
        ("MAIL_FROM", "[Hush] <sign@acme.example>"),
        ("MAIL_FROM", "Hush: <sign@acme.example>"),
        ("MAIL_FROM", "Hush; <sign@acme.example>"),
        ("MAIL_FROM", "Hush (us) <sign@acme.example>"),
        ("MAIL_FROM", 'The "hush" team <sign@acme.example>'),
        ("MAIL_FROM", '"Hush <sign@acme.example>'),
        ("MAIL_FROM", "Hush \\ Co <sign@acme.example>"),
        ("MAIL_FROM", "Hush <sign@acme.example"),
        ("MAIL_FROM", "Hush <sign@acme.example> and more"),
        ("MAIL_FROM", "Hush sign@acme.example"),
        ("MAIL_FROM", "Hush <>"),
        ("MAIL_FROM", "Hush <sign>"),
        ("MAIL_FROM", "Hush <sign@@acme.example>"),
        ("MAIL_FROM", "a@acme.example, hush@acme.example"),
        ("MAIL_FROM", "Hush <.sign@acme.example>"),
        ("MAIL_FROM", "Hush <sign@acme..example>"),
        ("MAIL_FROM", "Hush <sign@-acme.example>"),
        ("MAIL_FROM", "Hush <sign@acme.example.>"),
        ("MAIL_FROM", "Hush <sign@[192.0.2.1]>"),
        ("MAIL_FROM", "Hush <sign@acme.example>\nBcc: hush@hush.example"),
        ("MAIL_FROM", "Hush\nBcc: x <sign@acme.example>"),
        ("MAIL_FROM", "=?utf-8?q?Hush?= <sign@acme.example>"),
        ("MAIL_FROM", f"Hush <{'x' * 65}@acme.example>"),
        ("DATABASE_URL", "hush"),
        ("DATABASE_URL", "mysql://hush"),
        ("DATABASE_READ_URL", "postgresql://u:hush hush@database/bulksend"),
        ("DATABASE_URL", "postgresql://database:hush/bulksend"),
        ("DATABASE_URL", "postgresql://database:0/hush"),
        ("DATABASE_URL", "postgresql://hush:5432,other:65536/bulksend"),
        ("DATABASE_URL", "postgresql://[::1/hush"),
        ("DATABASE_URL", "postgresql://[::1]:hush/bulksend"),
        ("DATABASE_LISTEN_URL", "postgresql:///bulksend?host=/run&port=hush"),
        ("DATABASE_URL", "postgresql://database/bulksend?sslmode=hush"),
        ("HOST", "http://hush"),
        ("HOST", "hush:80"),
        ("HOST", "[::1]"),
        ("HOST", "hush "),
        ("DATA_DIR", " "),
        ("SMTP_URL", "smtp://mail hush"),
        ("SMTP_URL", "smtp://mail.hush\n"),
        ("SMTP_RATE", "inf"),
        ("LEASE", "1e11"),
        ("SYNC_WAIT", "3601"),
        ("BULK_SEND_INTERVAL", "1e12"),
        ("CONNECTIONS_PER_ADDRESS", "0"),
        ("STATEMENT_CACHE_SIZE", "10001"),
        ("TRUSTED_PROXIES", "hush"),
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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgres://user:p%40ss@database.example.com:5432/bulksend?sslmode=verify-full&application_name=gateway",
        "postgresql://one:5432,two:5433,[2001:db8::1]:5434/bulksend?target_session_attrs=read-write",
        "postgresql:///bulksend?host=/run/postgresql&port=5433",
        "postgresql://[::1]/bulksend",
    ],
)
def test_every_way_to_name_a_database(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert read(monkeypatch, "DATABASE_URL", url) == url


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
@example(text="")
@example(text=" ")
@example(text="\udcff")
@example(text="9" * 5_000)
@example(text="-1")
@example(text="http://[")
@example(text="postgresql://[")
@example(text="postgresql://x:y/z?port=y&sslmode=y")
@example(text="x" * 300 + "@" + "é" * 300)
@settings(max_examples=25, deadline=None)
def test_whatever_a_setting_is_there_is_no_traceback(name: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(os.environ, f"BULKSEND_{name}", text)
        refusal = refusal_of_settings()
        assert refusal is None or refusal.startswith(f"BULKSEND_{name}: ")
        assert refusal is None or len(refusal) < 500


def refusal_of_settings() -> str | None:
    try:
        Settings.read()
    except SettingsError as refusal:
        return str(refusal)
    return None


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    documented = [name for row in page.splitlines() if row.startswith("| `") for name in _names(row)]
    assert sorted(documented) == sorted(name.upper() for name in Settings.model_fields)


def _names(row: str) -> list[str]:
    return re.findall(r"`([A-Z_]+)`", row.split("|")[1])


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
