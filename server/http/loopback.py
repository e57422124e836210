"""Detection of requests from this machine."""

from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

# Reverse proxies and tunnels connect from loopback too, on behalf of any client.
_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


def is_from_loopback(request: web.Request) -> bool:
    """Return whether peer address and Host header are loopback and no proxy is involved.

    The Host header matters because of DNS rebinding: a foreign site's name may resolve to 127.0.0.1.
    """
    if any(name in request.headers for name in _FORWARDED):
        return False
    return _is_loopback(_peer(request)) and _is_loopback_host(request.headers.get("Host", ""))


def _peer(request: web.Request) -> str:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return str(peer[0]) if peer else ""


def _is_loopback_host(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback
