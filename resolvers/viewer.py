"""Who asks: the organization, API key and scopes behind one request."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Scope(StrEnum):
    """What an API key may do."""

    BULK_SENDS_READ = "bulk_sends.read"
    BULK_SENDS_CREATE = "bulk_sends.create"
    BULK_SENDS_DELETE = "bulk_sends.delete"
    TEMPLATES_READ = "templates.read"
    DOCUMENTS_READ = "documents.read"
    SIGNING_LINKS_READ = "signing_links.read"


EVERYTHING: Final = "*"
WILDCARDS: Final = ("bulk_sends.*", "templates.*", "documents.*", EVERYTHING)
GRANTABLE: Final = (*(scope.value for scope in Scope), *WILDCARDS)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The organization, key and scopes behind one request."""

    organization_id: UUID
    organization_name: str
    api_key_id: UUID
    api_key_name: str
    granted: tuple[str, ...]
    scopes: frozenset[Scope]
    expires_at: datetime | None


def expand(granted: tuple[str, ...]) -> frozenset[Scope]:
    """Give the scopes that a key's grants come to, wildcards resolved.

    There is no wildcard for signing links but `*`: whoever holds a link can sign as that person.
    """
    return frozenset(scope for scope in Scope if any(_covers(grant, scope) for grant in granted))


def _covers(grant: str, scope: Scope) -> bool:
    if grant == EVERYTHING:
        return True
    if grant.endswith(".*"):
        return grant in WILDCARDS and scope.startswith(grant[:-1])
    return grant == scope
