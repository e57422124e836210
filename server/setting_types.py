"""Types of settings: each parses text, and reports the violated rule without repeating the text."""

import re
from datetime import timedelta
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from bulksend.delivery.mail.message import envelope_address
from bulksend.delivery.signing_links import MIN_KEY_LENGTH
from bulksend.delivery.smtp.server_url import SmtpServer
from bulksend.server.http.client_address import ClientAddresses

YEAR: Final = timedelta(days=365)

_NOT_IN_URL: Final = re.compile(r"[^!-~]|[\\<>\"^`{|}]")
# Follows a host name, or the bracket that ends an IPv6 address.
_PORT: Final = re.compile(r":([^:\]]*)$")
_SSL_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_LABEL: Final = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?")
# RFC 5322, 3.2.3: specials must be quoted in a name. A dot need not be (4.1): `Acme Inc.`
_NAMED_ADDRESS: Final = re.compile(
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^()<>\[\]:;@\\,"]*))\s*<(?P<address>[^<>]*)>"""
)
_ADDRESS_LITERAL: Final = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f.:]+\]")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_MAIL_FROM: Final = (
    "must be an email address, or Name <address>; double quotes go around a name with any of ( ) < > [ ] : ; @ \\ , "
    'such as "Acme, Inc." <sign@example.com>'
)


def split_commas(value: object) -> object:
    """Split text at commas and strip white space; empty parts are dropped."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _seconds(value: object) -> object:
    if not isinstance(value, str | int | float):
        return value
    try:
        return timedelta(seconds=float(value))
    except (ValueError, OverflowError):
        raise ValueError("must be a number of seconds") from None


def _url(value: str) -> SplitResult:
    """Parse a URL that has a host. Raise ValueError."""
    if _NOT_IN_URL.search(value):
        raise ValueError("must be a URL without white space, quotes or other characters that URLs do not have")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL with a port from 1 to 65535, or none") from None
    if not parts.hostname or not _is_host(parts.hostname) or port == 0:
        raise ValueError("must be a URL with the name or IP address of a host")
    return parts


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return len(host) <= 253 and _HOST.fullmatch(host) is not None
    return True


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    if "@" in _url(value).netloc:
        raise ValueError("must have no user")
    return value


def _public_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    parts = _url(value)
    if "@" in parts.netloc or "?" in value or "#" in value:
        raise ValueError("must have no user, no query and no fragment: links are made by adding to its end")
    return value.rstrip("/")


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value != "*" and not _is_origin(value):
            raise ValueError("must be origins such as https://app.example.com, separated by commas, or *")
    return values


def _is_origin(value: str) -> bool:
    try:
        parts = _url(value)
    except ValueError:
        return False
    return f"{parts.scheme}://{parts.netloc}".lower() == value.rstrip("/").lower() and "@" not in parts.netloc


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        ClientAddresses(values)
    except ValueError:
        raise ValueError("must be IP addresses or networks such as 10.0.0.0/8, separated by commas") from None
    return values


def _headers(values: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(_ATOM, value) for value in values):
        raise ValueError("must be names of HTTP headers, separated by commas")
    return values


def _mail_from(value: str) -> str:
    """Return the sender, with its name quoted if it has one."""
    named = _NAMED_ADDRESS.fullmatch(value.strip())
    address = _sender_address(named["address"] if named else value.strip())
    if not named:
        return address
    name = re.sub(r"\\(.)", r"\1", named["quoted"]) if named["quoted"] is not None else named["plain"].strip()
    if not name.isprintable() or "=?" in name:
        raise ValueError("must have a name without control characters and encoded words")
    if not name:
        return address
    sender = '"{}" <{}>'.format(re.sub(r'(["\\])', r"\\\1", name), address)
    # The parsed address must be the same as the given one.
    if parseaddr(sender) != (name, address):
        raise ValueError(_MAIL_FROM)
    return sender


def _sender_address(address: str) -> str:
    local_part, _, domain = address.rpartition("@")
    try:
        ascii_domain = envelope_address(address).rpartition("@")[2]
    except ValueError:
        raise ValueError(_MAIL_FROM) from None
    is_address = len(local_part) <= 64 and _LOCAL_PART.fullmatch(local_part) and _is_host(ascii_domain)
    if not is_address or len(address) > 254 or domain.endswith("."):
        raise ValueError(_MAIL_FROM)
    return address


def _postgres_url(value: str) -> str:
    if not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    if not value.isprintable() or " " in value:
        raise ValueError("must be a URL without white space; write special characters of a password as %XX")
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError("must be a URL; an IPv6 address stands in brackets") from None
    options = parse_qs(parts.query)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [match[1] for host in hosts if (match := _PORT.search(host))]
    if not all(map(_is_port, [*ports, *options.get("port", [])])):
        raise ValueError("must have ports from 1 to 65535, or none")
    if not _SSL_MODES.issuperset(options.get("sslmode", [])):
        raise ValueError(f"must have an sslmode of {', '.join(sorted(_SSL_MODES))}, or none")
    return value


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65_535


def _helo_name(value: str) -> str:
    if not value.isascii() or not (_HOST.fullmatch(value) or _ADDRESS_LITERAL.fullmatch(value)):
        raise ValueError("must be the name of a host, or an IP address in brackets such as [192.0.2.1]")
    return value


def _smtp_url(value: str) -> str:
    if _NOT_IN_URL.search(value):
        raise ValueError("must be a URL without white space; write special characters of a password as %XX")
    if not _is_host(SmtpServer.from_url(value).host):
        raise ValueError("must have the name or IP address of a host")
    return value


def _host(value: str) -> str:
    if value and not _is_host(value):
        raise ValueError("must be an IP address, IPv6 without brackets, or a host name")
    return value


def _path(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip():
        raise ValueError("must be a path")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("must be a path; there is no home folder to put in place of ~") from None


def _secret_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    if any(len(key) < MIN_KEY_LENGTH for key in keys):
        raise ValueError(f"each key must have at least {MIN_KEY_LENGTH} characters")
    return keys


Commas = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_commas)]
Origins = Annotated[Commas, AfterValidator(_origins)]
HeaderNames = Annotated[Commas, AfterValidator(_headers)]
Networks = Annotated[Commas, AfterValidator(_networks)]
SecretKeys = Annotated[Commas, AfterValidator(_secret_keys), Field(repr=False)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]
HeloName = Annotated[str, AfterValidator(_helo_name)]
SmtpUrl = Annotated[str, AfterValidator(_smtp_url)]
MailFrom = Annotated[str, AfterValidator(_mail_from)]
Host = Annotated[str, AfterValidator(_host)]
FilePath = Annotated[Path, BeforeValidator(_path)]
Seconds = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(), le=YEAR)]
SecondsOfAWait = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(), le=timedelta(hours=1))]
OneSecondOrMore = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(seconds=1), le=YEAR)]
Delay = Annotated[float, Field(ge=0, le=YEAR.total_seconds(), allow_inf_nan=False)]
Delays = Annotated[tuple[Delay, ...], NoDecode, BeforeValidator(split_commas), Field(max_length=50)]
