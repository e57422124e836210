"""BULKSEND_SMTP_URL: the SMTP server, and how connections to it are encrypted."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


class Security(StrEnum):
    """How connections are encrypted; encryption is required if configured, and certificates are verified."""

    PLAIN = "plain"
    STARTTLS = "starttls"
    TLS = "tls"


DEFAULT_PORTS = {Security.PLAIN: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The SMTP server that sends the mail."""

    host: str
    port: int
    security: Security = Security.PLAIN
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password; None without authentication."""
        return (self.username, self.password) if self.username and self.password else None

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read `smtp://user:password@host:587?starttls=true` or `smtps://host`.

        Credentials are percent-encoded. Ports default to 25, 587 with STARTTLS, and 465 for smtps.
        Raise ValueError naming the broken rule and nothing of the URL, since it holds a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            username, password = _credential(parts.username), _credential(parts.password)
        except ValueError:  # urllib's message contains the URL
            raise ValueError("The SMTP URL needs percent-encoded credentials and a port up to 65535.") from None
        security = _security(parts)
        if not parts.hostname:
            raise ValueError("The SMTP URL needs a host.")
        if port == 0:
            raise ValueError("The SMTP URL needs a port from 1 to 65535.")
        if parts.path not in ("", "/") or parts.fragment:
            raise ValueError("The SMTP URL must have no path and no fragment.")
        if bool(username) != bool(password):
            raise ValueError("The SMTP URL needs both a user and a password, or neither.")
        return cls(parts.hostname, port or DEFAULT_PORTS[security], security, username or None, password or None)


def _credential(encoded: str | None) -> str:
    return unquote(encoded or "", errors="strict")


def _security(parts: SplitResult) -> Security:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if parts.scheme not in ("smtp", "smtps"):
        raise ValueError("The SMTP URL must begin with smtp:// or smtps://.")
    if any(name != "starttls" or value not in ("true", "false") for name, value in options):
        raise ValueError("The SMTP URL's only option is starttls=true or starttls=false.")
    starttls = ("starttls", "true") in options
    if parts.scheme == "smtps" and starttls:
        raise ValueError("The SMTP URL must use either smtps:// or starttls=true, not both.")
    if parts.scheme == "smtps":
        return Security.TLS
    return Security.STARTTLS if starttls else Security.PLAIN
