"""The IP address of a client, which only proxies named in the settings may tell, and its user agent."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

from aiohttp import web

Address: TypeAlias = IPv4Address | IPv6Address

LONGEST_USER_AGENT: Final = 500


class ClientAddresses:
    """Finds the address of a client behind the proxies of these networks, such as `10.0.0.0/8` or `192.0.2.7`.

    Raise ValueError for what is no network.
    """

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = [ip_network(network) for network in trusted_proxies]

    def of(self, request: web.Request) -> str | None:
        """Return the client's address in its canonical form (RFC 5952); None if the connection has none.

        `X-Forwarded-For` is read from its end, as far as trusted proxies wrote it.
        """
        address = _parsed(request.remote or "")
        for entry in reversed(_forwarded(request)):
            if address is None or not self._is_trusted(address):
                break
            address = _parsed(entry) or address
        return str(address) if address else None

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _forwarded(request: web.Request) -> list[str]:
    return [entry.strip() for value in request.headers.getall("X-Forwarded-For", []) for entry in value.split(",")]


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def user_agent(request: web.Request) -> str | None:
    """Return the beginning of the client's `User-Agent` as Unicode; None if it sent none."""
    return request.headers.get("User-Agent", "")[:LONGEST_USER_AGENT].encode("utf-8", "replace").decode() or None
