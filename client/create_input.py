"""Conversion of a recipients file to the input of a create, and of the create's problems to lines of the file."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bulksend.client.csv_text import Problem
from bulksend.client.recipients import OPTIONAL, REQUIRED, Recipient, Recipients, folded

MAXIMUM_SIGNERS: Final = 500
MISSING_VALUE: Final = "MISSING_VALUE"
DUPLICATE_EMAIL: Final = "DUPLICATE_EMAIL"

_FIELDS: Final = {"external_id": "externalId"}
# The maximum number of unused columns named in a message.
_NAMED: Final = 5
_COLUMNS: Final = {field: column for column, field in _FIELDS.items()}
_OPTIONS: Final = {
    "templateId": "--template",
    "name": "--name",
    "emailMessage": "--message",
    "externalId": "--external-id",
    "idempotencyKey": "--idempotency-key",
}


@dataclass(frozen=True, slots=True)
class Order:
    """The options of the command line. `idempotency_key`: None derives it from the input."""

    template_id: str
    name: str
    message: str | None = None
    external_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file's name and rows, and the heading of each merge field of the template."""

    file: str
    recipients: Recipients
    merge_fields: Sequence[str]
    headings: Mapping[str, str]

    @classmethod
    def of(cls, file: str, recipients: Recipients, merge_fields: Sequence[str]) -> "Sheet":
        """Find each merge field's column by its heading, ignoring case, blanks, `-` and `_` if none is equal."""
        alike = {folded(heading): heading for heading in recipients.value_headings}
        exact = set(recipients.value_headings)
        found = {field: field if field in exact else alike.get(folded(field)) for field in merge_fields}
        return cls(file, recipients, merge_fields, {field: heading for field, heading in found.items() if heading})

    @property
    def unused_headings(self) -> list[str]:
        """The headings that are no merge field of the template."""
        used = set(self.headings.values())
        return [heading for heading in self.recipients.value_headings if heading not in used]

    def problems(self) -> list[Problem]:
        """The problems of the file that can be found without the gateway's rules."""
        return [*self.recipients.problems, *self._size_problems(), *self._missing_columns(), *self._missing_values()]

    def is_empty(self) -> bool:
        """Whether there are no recipients."""
        return not self.recipients.rows

    def is_too_long(self) -> bool:
        """Whether it has more recipients than a bulk send may have."""
        return len(self.recipients.rows) > MAXIMUM_SIGNERS

    def create_input(self, order: Order) -> dict[str, Any]:
        """Return a `CreateBulkSendInput` that does not wait for delivery."""
        asked = {
            "templateId": order.template_id,
            "name": order.name,
            "emailMessage": order.message,
            "externalId": order.external_id,
            "signers": [self._signer(row) for row in self.recipients.rows],
        }
        given = {field: value for field, value in asked.items() if value is not None}
        return {**given, "idempotencyKey": order.idempotency_key or _derived_key(given), "waitForDelivery": False}

    def notes(self) -> list[str]:
        """Notes about what is not sent: columns without a heading, and columns that the template does not use."""
        return [*map(self.told, self.recipients.notes), *_unused(self.unused_headings)]

    def told(self, problem: Problem) -> str:
        """Return a problem as `FILE:LINE: message`."""
        return f"{self.file}:{problem.line}: {problem.message}"

    def told_errors(self, user_errors: Sequence[Mapping[str, Any]], already_told: Sequence[Problem]) -> list[str]:
        """Return all problems: those found before, then the gateway's, each with its line or option."""
        # Missing values were checked before, because the gateway may stop at other problems first.
        news = [error for error in user_errors if error["code"] != MISSING_VALUE or not already_told]
        return [self._told_at(error["field"] or [], str(error["message"])) for error in news]

    def told_warnings(self, warnings: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the gateway's warnings, each with its line."""
        same_address = "another line has this email address too; each gets a document of its own"
        return [
            self._told_at(
                warning["field"] or [],
                same_address if warning["code"] == DUPLICATE_EMAIL else str(warning["message"]),
            )
            for warning in warnings
        ]

    def _told_at(self, path: Sequence[str], message: str) -> str:
        match path:
            case ["signers", index, "values", position, *_]:
                row = self.recipients.rows[int(index)]
                field = self._signer(row)["values"][int(position)]["field"]
                return self.told(Problem(row.line, f"{self.headings[field]}: {message}"))
            case ["signers", index, *rest]:
                return self.told(Problem(self.recipients.rows[int(index)].line, _in_columns(rest, message)))
            case [field, *_] if field in _OPTIONS:
                return f"{_OPTIONS[field]}: {message}"
            case _:
                return message

    def _signer(self, row: Recipient) -> dict[str, Any]:
        required = {column: row.cells.get(column, "") for column in REQUIRED}
        optional = {_FIELDS.get(column, column): row.cells[column] for column in OPTIONAL if column in row.cells}
        values = [
            {"field": field, "value": row.values[heading]}
            for field, heading in self.headings.items()
            if heading in row.values
        ]
        return {**required, **optional, "values": values}

    def _size_problems(self) -> Iterator[Problem]:
        count = len(self.recipients.rows)
        if not count:
            yield Problem(self.recipients.header_line, "no recipient follows the header")
        if self.is_too_long():
            line = self.recipients.rows[MAXIMUM_SIGNERS].line
            yield Problem(line, f"a bulk send has at most {MAXIMUM_SIGNERS} recipients, and this file has {count}")

    def _missing_columns(self) -> Iterator[Problem]:
        for field in self.merge_fields:
            if field not in self.headings:
                message = f"{field} is missing among the columns of the header; the template's text asks for it"
                yield Problem(self.recipients.header_line, message)

    def _missing_values(self) -> Iterator[Problem]:
        for row in self.recipients.rows:
            for heading in self.headings.values():
                if heading not in row.values:
                    yield Problem(row.line, f"{heading} must not be empty; the template's text asks for it")


def _unused(headings: Sequence[str]) -> Iterator[str]:
    if len(headings) == 1:
        yield f"the column {headings[0]!r} is not sent: the template's text does not ask for it."
    elif headings:
        named = ", ".join(map(repr, headings[:_NAMED]))
        more = f" and {len(headings) - _NAMED} more" if len(headings) > _NAMED else ""
        yield f"the columns {named}{more} are not sent: the template's text does not ask for them."


def _in_columns(path: Sequence[str], message: str) -> str:
    """Replace the field's name at the beginning of a message by the column's."""
    field = path[0] if path else ""
    return _COLUMNS[field] + message.removeprefix(field) if field in _COLUMNS else message


def _derived_key(given: Mapping[str, Any]) -> str:
    """Return an idempotency key derived from the input: the same command with the same recipients has the same key."""
    text = json.dumps(given, sort_keys=True, separators=(",", ":"))
    return f"csv-{hashlib.sha256(text.encode()).hexdigest()}"
