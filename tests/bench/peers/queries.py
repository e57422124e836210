"""The GraphQL documents of the workloads, in the dialect of each server.

`bulksend` and `plain` servers have the same fields but different ids. `postgraphile` derives its fields from the
tables: ids are `rowId`, and what the others nest in `signer` and `delivery` are columns of the document.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Dialect = Literal["bulksend", "plain", "postgraphile"]

BULK_SEND: Final = (
    "id",
    "name",
    "status",
    "totalCount",
    "sentCount",
    "failedCount",
    "pendingCount",
    "createdAt",
    "updatedAt",
)
TEMPLATE: Final = ("id", "name", "description", "createdAt")
SIGNER: Final = "signer { name email }"
DELIVERY: Final = "delivery { status attempts sentAt error { code } }"
DOCUMENT: Final = ("id", "signerIndex", SIGNER, "status", DELIVERY, "createdAt")
_POSTGRAPHILE: Final = {
    "id": "id: rowId",
    SIGNER: "signerName signerEmail",
    DELIVERY: "deliveryStatus attempts sentAt errorCode",
}
_PAGE_INFO: Final = "pageInfo { hasNextPage endCursor }"


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields selected of a bulk send, its template and its documents; by default none of the latter two."""

    fields: tuple[str, ...] = BULK_SEND
    template: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    def text(self, dialect: Dialect, first_documents: str = "$documents") -> str:
        """Return the contents of the selection set. `first_documents` is a variable or a literal."""
        parts = [_fields(dialect, self.fields)]
        if self.template:
            parts.append(f"template {{ {_fields(dialect, self.template)} }}")
        if self.documents:
            order = ", orderBy: SIGNER_INDEX_ASC" if dialect == "postgraphile" else ""
            nodes = _fields(dialect, self.documents)
            parts.append(f"documents(first: {first_documents}{order}) {{ nodes {{ {nodes} }} }}")
        return " ".join(parts)


ALL_FIELDS: Final = Selection(template=TEMPLATE, documents=DOCUMENT)


def page(name: str, dialect: Dialect, selection: Selection) -> str:
    """Return the query for the newest bulk sends; variables `first` and, with documents, `documents`."""
    documents = ", $documents: Int!" if selection.documents else ""
    return f"query {name}($first: Int!{documents}) {{ {_page(dialect, selection, '$first', '$documents')} }}"


def one(name: str, dialect: Dialect, selection: Selection) -> str:
    """Return the query for one bulk send; variables `id` and, with documents, `documents`."""
    documents = ", $documents: Int!" if selection.documents else ""
    return f"query {name}($id: {_id_type(dialect)}!{documents}) {{ bulkSend(id: $id) {{ {selection.text(dialect)} }} }}"


def one_in_literals(name: str, dialect: Dialect, identifier: str) -> str:
    """Return a query without variables for one bulk send with 10 documents, as clients without variables write it."""
    return f'query {name} {{ bulkSend(id: "{identifier}") {{ {ALL_FIELDS.text(dialect, "10")} }} }}'


def aliased_pages(name: str, dialect: Dialect, aliases: int) -> str:
    """Return a query without variables for this many pages of 3 bulk sends with 5 documents each."""
    pages = (f"a{number}: {_page(dialect, ALL_FIELDS, '3', '5')}" for number in range(aliases))
    return f"query {name} {{ {' '.join(pages)} }}"


def create(name: str, dialect: Dialect) -> str:
    """Return the mutation that creates a bulk send; variable: `input`."""
    fields = _fields(dialect, BULK_SEND[:-2])
    created = f"createBulkSend(input: $input) {{ bulkSend {{ {fields} }} }}"
    return f"mutation {name}($input: CreateBulkSendInput!) {{ {created} }}"


# Typical queries of a user interface: lists, tables with some columns, a bulk send's page, a progress bar. Pages first.
MIXED_PAGES: Final = (
    Selection(),
    Selection(("id", "name")),
    Selection(("id", "name", "status")),
    Selection(("id", "name", "createdAt")),
    Selection(("id", "name", "status", "totalCount", "sentCount", "failedCount")),
    Selection(("id", "status", "updatedAt")),
    Selection(("id", "name"), ("id", "name")),
    Selection(("id", "name", "status", "createdAt"), ("name",)),
    Selection(template=TEMPLATE),
    Selection(("id", "name", "status"), documents=("id", "status", DELIVERY)),
    Selection(("id", "name"), ("id", "name"), ("id", SIGNER)),
    ALL_FIELDS,
)
MIXED_ONES: Final = (
    Selection(),
    Selection(("id", "status", "totalCount", "sentCount", "failedCount", "pendingCount")),
    Selection(("id", "name", "createdAt")),
    Selection(template=("id", "name", "description")),
    Selection(("id", "name", "status"), documents=("id", "signerIndex", SIGNER)),
    Selection(("id", "status"), documents=("id", DELIVERY)),
    Selection(documents=DOCUMENT),
    ALL_FIELDS,
)


def _page(dialect: Dialect, selection: Selection, first: str, documents: str) -> str:
    order = ", orderBy: PRIMARY_KEY_DESC" if dialect == "postgraphile" else ""
    return f"bulkSends(first: {first}{order}) {{ nodes {{ {selection.text(dialect, documents)} }} {_PAGE_INFO} }}"


def _id_type(dialect: Dialect) -> str:
    return "UUID" if dialect == "postgraphile" else "ID"


def _fields(dialect: Dialect, fields: Iterable[str]) -> str:
    return " ".join(_POSTGRAPHILE.get(field, field) if dialect == "postgraphile" else field for field in fields)
