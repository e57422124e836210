"""What is asked: five works, each in the dialect of three kinds of servers."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from bench.peers.database import Database, Tenant

from bulksend.db import ids

SIGNERS: Final = 500
DIALECTS: Final = ("bulksend", "plain", "postgraphile")

_BULK_SEND: Final = "id name status totalCount sentCount failedCount pendingCount createdAt updatedAt"
_TEMPLATE: Final = "template { id name description createdAt }"
_PAGE_INFO: Final = "pageInfo { hasNextPage endCursor }"
_DOCUMENT: Final = (
    "id signerIndex signer { name email } status delivery { status attempts sentAt error { code } } createdAt"
)
_ROW: Final = _BULK_SEND.replace("id", "id: rowId", 1)
_FLAT_TEMPLATE: Final = _TEMPLATE.replace("{ id", "{ id: rowId", 1)
_FLAT_DOCUMENT: Final = (
    "id: rowId signerIndex signerName signerEmail status deliveryStatus attempts sentAt errorCode createdAt"
)

_QUERIES: Final = {
    "Q1": (
        f"query Q1($first: Int!) {{ bulkSends(first: $first) {{ nodes {{ {_BULK_SEND} {_TEMPLATE} }} {_PAGE_INFO} }} }}"
    ),
    "Q2": (
        f"query Q2($id: ID!, $documents: Int!) {{ bulkSend(id: $id) {{ {_BULK_SEND} "
        f"documents(first: $documents) {{ nodes {{ {_DOCUMENT} }} }} }} }}"
    ),
    "Q3": (
        f"query Q3($first: Int!, $documents: Int!) {{ bulkSends(first: $first) {{ nodes {{ {_BULK_SEND} {_TEMPLATE} "
        f"documents(first: $documents) {{ nodes {{ {_DOCUMENT} }} }} }} {_PAGE_INFO} }} }}"
    ),
    "S1": "query S1($id: ID!) { bulkSend(id: $id) { id name status } }",
    "M1": (
        "mutation M1($input: CreateBulkSendInput!) { createBulkSend(input: $input) "
        "{ bulkSend { id name status totalCount sentCount failedCount pendingCount } } }"
    ),
}
_NEWEST: Final = "first: $first, orderBy: PRIMARY_KEY_DESC"
_IN_ORDER: Final = "first: $documents, orderBy: SIGNER_INDEX_ASC"
_POSTGRAPHILE: Final = {
    "Q1": (f"query Q1($first: Int!) {{ bulkSends({_NEWEST}) {{ nodes {{ {_ROW} {_FLAT_TEMPLATE} }} {_PAGE_INFO} }} }}"),
    "Q2": (
        f"query Q2($id: UUID!, $documents: Int!) {{ bulkSend(id: $id) {{ {_ROW} "
        f"documents({_IN_ORDER}) {{ nodes {{ {_FLAT_DOCUMENT} }} }} }} }}"
    ),
    "Q3": (
        f"query Q3($first: Int!, $documents: Int!) {{ bulkSends({_NEWEST}) {{ nodes {{ {_ROW} {_FLAT_TEMPLATE} "
        f"documents({_IN_ORDER}) {{ nodes {{ {_FLAT_DOCUMENT} }} }} }} {_PAGE_INFO} }} }}"
    ),
    "S1": "query S1($id: UUID!) { bulkSend(id: $id) { id: rowId name status } }",
    "M1": (
        "mutation M1($input: CreateBulkSendInput!) { createBulkSend(input: $input) "
        "{ bulkSend { id: rowId name status totalCount sentCount failedCount pendingCount } } }"
    ),
}
WORKLOADS: Final = tuple(_QUERIES)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: who asks, and the body to POST."""

    tenant: Tenant
    body: dict[str, Any]


def requests(workload: str, dialect: str, database: Database) -> list[Request]:
    """Give the requests of a workload that are sent in turns, in the same order in every dialect."""
    query = (_POSTGRAPHILE if dialect == "postgraphile" else _QUERIES)[workload]
    # One tenant after the other, so that neighbours ask for different things.
    turns = [(tenant, number) for number in range(_turns(workload)) for tenant in database.tenants]
    return [
        Request(
            tenant,
            {
                "operationName": workload,
                "query": query,
                "variables": _variables(workload, dialect, tenant, number),
            },
        )
        for tenant, number in turns
    ]


def _turns(workload: str) -> int:
    return 10 if workload in ("Q2", "S1") else 1


def _variables(workload: str, dialect: str, tenant: Tenant, number: int) -> dict[str, Any]:
    match workload:
        case "Q1":
            return {"first": 25}
        case "Q2":
            return {"id": _id(dialect, ids.BULK_SEND, tenant.large[number]), "documents": 100}
        case "Q3":
            return {"first": 25, "documents": 10}
        case "S1":
            return {"id": _id(dialect, ids.BULK_SEND, tenant.large[number])}
    return {"input": _input(dialect, tenant)}


def _input(dialect: str, tenant: Tenant) -> dict[str, Any]:
    people = [{"name": f"Signer {number}", "email": f"signer{number}@example.com"} for number in range(SIGNERS)]
    asked = {"templateId": _id(dialect, ids.TEMPLATE, tenant.template_id), "name": "Vendors", "signers": people}
    return asked | {"waitForDelivery": False} if dialect == "bulksend" else asked


def _id(dialect: str, prefix: str, value: UUID) -> str:
    return ids.encode(prefix, value) if dialect == "bulksend" else str(value)
