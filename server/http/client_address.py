"""The source of a request: its user agent, and the client's IP address as reported by trusted proxies."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

from aiohttp import web

from bulksend.delivery.event_log import Source

Address: TypeAlias = IPv4Address | IPv6Address

LONGEST_USER_AGENT: Final = 500


class ClientAddresses:
    """Finds the address of a client behind trusted proxies, given as networks such as `10.0.0.0/8` or `192.0.2.7`.

    Raise ValueError for an invalid network.
    """

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = [ip_network(network) for network in trusted_proxies]

    def of(self, request: web.Request) -> str | None:
        """Return the client's address in its canonical form (RFC 5952); None if the connection has none.

        `X-Forwarded-For` is read from its end, up to the first entry that no trusted proxy wrote.
        """
        address = _parsed(request.remote or "")
        for entry in reversed(_forwarded(request)):
            if address is None or not self._is_trusted(address):
                break
            address = _parsed(entry) or address
        return str(address) if address else None

    def source(self, request: web.Request, actor: str) -> Source:
        """Return the source of this request, for events. `actor`: who acts."""
        return Source(actor, self.of(request), user_agent(request))

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
