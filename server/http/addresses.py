"""Where a process that listens is reached."""

from typing import Final

# Listening there takes whatever is sent to any address of the machine; as a destination they lead nowhere.
_WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104


def base_url(host: str, port: int) -> str:
    """Give the URL under which this machine reaches what listens on `host`, such as `http://[::1]:8000`."""
    return f"http://{authority('localhost' if host in _WILDCARDS else host, port)}"


def authority(host: str, port: int) -> str:
    """Write a host and port, an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
