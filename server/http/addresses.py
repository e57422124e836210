"""The address that a process listens on, and the URL under which it is reached."""

import socket
from typing import Final

# Wildcard addresses: one can listen on them and not connect to them.
_WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104


class CannotListen(Exception):
    """The address is in use, or this process may not use it."""


def take_address(host: str, port: int) -> socket.socket:
    """Bind an address before serving it, which determines the port if `port` is 0. Raise `CannotListen`."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise cannot_listen(host, port, error) from error
    return taken


def base_url(host: str, port: int) -> str:
    """Return the URL under which this machine reaches a server that listens on `host`, such as `http://[::1]:8000`."""
    return f"http://{authority('localhost' if host in _WILDCARDS else host, port)}"


def authority(host: str, port: int) -> str:
    """Write a host and port, an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    """Return the error for an address that cannot be bound."""
    return CannotListen(f"cannot listen on {authority(host, port)}: {error.strerror}")
