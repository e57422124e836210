"""The viewer of a request, and the scopes of API keys."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Scope(StrEnum):
    """A permission of an API key."""

    BULK_SENDS_READ = "bulk_sends.read"
    BULK_SENDS_CREATE = "bulk_sends.create"
    BULK_SENDS_DELETE = "bulk_sends.delete"
    TEMPLATES_READ = "templates.read"
    TEMPLATES_WRITE = "templates.write"
    DOCUMENTS_READ = "documents.read"
    DOCUMENTS_WRITE = "documents.write"
    SIGNING_LINKS_READ = "signing_links.read"


ALL_SCOPES: Final = "*"
WILDCARDS: Final = ("bulk_sends.*", "templates.*", "documents.*", ALL_SCOPES)
GRANTABLE: Final = (*(scope.value for scope in Scope), *WILDCARDS)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The organization, API key and scopes of a request."""

    organization_id: UUID
    organization_name: str
    api_key_id: UUID
    api_key_name: str
    granted: tuple[str, ...]
    scopes: frozenset[Scope]
    expires_at: datetime | None


def expand_scopes(granted: tuple[str, ...]) -> frozenset[Scope]:
    """Return the scopes that a key's grants cover, wildcards resolved.

    Only `*` covers signing links: whoever holds a link can sign as that person.
    """
    return frozenset(scope for scope in Scope if any(_covers(grant, scope) for grant in granted))


def _covers(grant: str, scope: Scope) -> bool:
    if grant == ALL_SCOPES:
        return True
    if grant.endswith(".*"):
        return grant in WILDCARDS and scope.startswith(grant[:-1])
    return grant == scope
