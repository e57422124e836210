"""The workloads: which requests each one sends, for which tenants, over how many connections."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final, Literal
from uuid import UUID

from bench.peers import queries
from bench.peers.database import LARGE_ONES, Database, Tenant
from bench.peers.queries import Dialect, Selection

from bulksend.db import ids

SIGNERS: Final = 500
# The maximum within Bulksend's limits on aliases (50), tokens (5,000) and cost (20,000).
ALIASES: Final = 48
USUAL_CONNECTIONS: Final = 16
MANY_CONNECTIONS: Final = 64
# The number of requests per workload that are compared between all servers.
COMPARED: Final = 40

Kind = Literal["page", "one", "mixed", "literals", "named", "aliases", "small", "create"]


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload. `tenants`: whose keys are used. `has_peers_only`: without yoga, stock Strawberry and the floor."""

    name: str
    title: str
    kind: Kind
    selection: Selection = queries.ALL_FIELDS
    tenants: Literal["four", "thousand"] = "four"
    connections: int = USUAL_CONNECTIONS
    has_peers_only: bool = False

    @property
    def writes(self) -> bool:
        """Whether its requests create rows."""
        return self.kind == "create"

    @property
    def is_unseen(self) -> bool:
        """Whether every request sends a new document."""
        return self.kind in ("literals", "named")


_Q1: Final = Selection(template=queries.TEMPLATE)
_Q2: Final = Selection(documents=queries.DOCUMENT)
_thousand: Final = partial(Workload, tenants="thousand", has_peers_only=True)
_ALL: Final = (
    Workload("Q1", "25 bulk sends with templates", "page", _Q1),
    Workload("Q2", "one with 100 documents", "one", _Q2),
    Workload("Q3", "25 with 10 documents and the template each", "page"),
    Workload("S1", "three fields of one bulk send", "small", Selection(("id", "name", "status"))),
    _thousand("Q1-1000", "Q1 by 1,000 tenants", "page", _Q1),
    _thousand("Q2-1000", "Q2 by 1,000 tenants", "one", _Q2),
    _thousand("Q3-1000", "Q3 by 1,000 tenants", "page"),
    _thousand("S1-1000", "S1 by 1,000 tenants", "small", Selection(("id", "name", "status"))),
    _thousand("MIX", "20 documents in turn by 1,000 tenants", "mixed"),
    _thousand("COLD", "another id written into the document of every request", "literals"),
    _thousand("NEW", "an operation name and an id of its own in every request", "named"),
    _thousand("C64", "Q1 by 1,000 tenants over 64 connections", "page", _Q1, connections=MANY_CONNECTIONS),
    Workload("LARGEST", f"{ALIASES} aliases of pages with everything", "aliases", connections=2, has_peers_only=True),
    # Workloads that write come last.
    Workload("M1", "a create with 500 signers", "create"),
)
WORKLOADS: Final = {workload.name: workload for workload in _ALL}


@dataclass(frozen=True, slots=True)
class Request:
    """One request: the tenant, and the body to POST."""

    tenant: Tenant
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests that a workload sends to one server; all servers get the same ones in the same order."""

    workload: Workload
    dialect: Dialect
    database: Database

    def compared(self) -> list[Request]:
        """Return the requests whose responses are compared before the load."""
        if self.workload.is_unseen:
            return list(self._in_literals(self.database.unseen[:COMPARED]))
        return list(islice(self._in_turn(), COMPARED))

    def sent(self, run: int, runs: int) -> list[Request]:
        """Return the requests of one run of the load; with new documents, a part that no other run uses."""
        if self.workload.is_unseen:
            unseen = self.database.unseen[COMPARED:]
            size = len(unseen) // runs
            return list(self._in_literals(unseen[run * size : (run + 1) * size]))
        return list(self._in_turn())

    @property
    def _tenants(self) -> list[Tenant]:
        return self.database.tenants if self.workload.tenants == "four" else self.database.small_tenants

    def _in_turn(self) -> Iterator[Request]:
        if self.workload.kind == "mixed":
            yield from map(self._mixed, range(len(self._tenants)), self._tenants)
            return
        # Alternate between tenants, so that consecutive requests read different rows.
        for number in range(self._turns()):
            for tenant in self._tenants:
                yield self._request(tenant, self._query(), self._variables(tenant, number))

    def _in_literals(self, unseen: list[tuple[Tenant, UUID]]) -> Iterator[Request]:
        for tenant, bulk_send_id in unseen:
            identifier = self._id(ids.BULK_SEND, bulk_send_id)
            name = self._operation if self.workload.kind == "literals" else f"New{bulk_send_id.hex}"
            yield self._request(tenant, queries.one_in_literals(name, self.dialect, identifier), {}, name)

    def _mixed(self, number: int, tenant: Tenant) -> Request:
        place = number % (len(queries.MIXED_PAGES) + len(queries.MIXED_ONES))
        name = f"Mixed{place}"
        if place < len(queries.MIXED_PAGES):
            selection = queries.MIXED_PAGES[place]
            return self._request(tenant, queries.page(name, self.dialect, selection), self._page(selection), name)
        selection = queries.MIXED_ONES[place - len(queries.MIXED_PAGES)]
        variables = self._one(selection, tenant.large[0], documents=25)
        return self._request(tenant, queries.one(name, self.dialect, selection), variables, name)

    def _request(self, tenant: Tenant, query: str, variables: dict[str, Any], name: str | None = None) -> Request:
        operation = name or self._operation
        return Request(tenant, {"operationName": operation, "query": query, "variables": variables})

    @property
    def _operation(self) -> str:
        return self.workload.name.partition("-")[0]

    def _turns(self) -> int:
        return LARGE_ONES if self.workload.kind in ("one", "small") and self.workload.tenants == "four" else 1

    def _query(self) -> str:
        match self.workload.kind:
            case "page":
                return queries.page(self._operation, self.dialect, self.workload.selection)
            case "aliases":
                return queries.aliased_pages(self._operation, self.dialect, ALIASES)
            case "create":
                return queries.create(self._operation, self.dialect)
        return queries.one(self._operation, self.dialect, self.workload.selection)

    def _variables(self, tenant: Tenant, number: int) -> dict[str, Any]:
        match self.workload.kind:
            case "page":
                return self._page(self.workload.selection)
            case "aliases":
                return {}
            case "create":
                return {"input": self._input(tenant)}
        return self._one(self.workload.selection, tenant.large[number], documents=100)

    def _page(self, selection: Selection) -> dict[str, Any]:
        return {"first": 25} | ({"documents": 10} if selection.documents else {})

    def _one(self, selection: Selection, bulk_send_id: UUID, documents: int) -> dict[str, Any]:
        asked = {"id": self._id(ids.BULK_SEND, bulk_send_id)}
        return asked | ({"documents": documents} if selection.documents else {})

    def _input(self, tenant: Tenant) -> dict[str, Any]:
        people = [{"name": f"Signer {number}", "email": f"signer{number}@example.com"} for number in range(SIGNERS)]
        asked = {"templateId": self._id(ids.TEMPLATE, tenant.template_id), "name": "Vendors", "signers": people}
        return asked | {"waitForDelivery": False} if self.dialect == "bulksend" else asked

    def _id(self, prefix: str, value: UUID) -> str:
        return ids.encode(prefix, value) if self.dialect == "bulksend" else str(value)


def requests(name: str, dialect: Dialect, database: Database) -> list[Request]:
    """Return the requests of a workload in the order they are sent."""
    return Requests(WORKLOADS[name], dialect, database).sent(0, 1)
