"""Convert responses to a canonical form, so that those of different servers can be compared exactly.

Servers differ in how they write ids (TypeID or UUID), times (digits of a second) and states (case), in how they nest
the same columns, and in their cursors. All other differences count.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from bulksend.db import ids

_UNCOMPARED: Final = "endCursor"
_NESTED: Final = {
    "signerName": ("signer", "name"),
    "signerEmail": ("signer", "email"),
    "deliveryStatus": ("delivery", "status"),
    "attempts": ("delivery", "attempts"),
    "sentAt": ("delivery", "sentAt"),
}
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def canonical(answer: Any) -> Any:
    """Return the canonical form of a response's `data`."""
    if isinstance(answer, list):
        return [canonical(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {key: _value(key, value) for key, value in _nested(answer).items() if key != _UNCOMPARED}


def _nested(answer: dict[str, Any]) -> dict[str, Any]:
    """Return PostGraphile's document with its columns nested as in the other servers."""
    if "signerName" not in answer and "deliveryStatus" not in answer:
        return answer
    nested: dict[str, Any] = {key: value for key, value in answer.items() if key not in _NESTED and key != "errorCode"}
    for key, (parent, name) in _NESTED.items():
        if key in answer:
            nested.setdefault(parent, {})[name] = answer[key]
    if "deliveryStatus" in answer:
        nested["delivery"]["error"] = {"code": answer["errorCode"]} if answer["errorCode"] else None
    return nested


def _value(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return canonical(value)
    if key == "id":
        return value if _UUID.fullmatch(value) else str(_uuid(value))
    if key == "status":
        return value.upper()
    if key.endswith("At"):
        return datetime.fromisoformat(value).astimezone(UTC).isoformat(timespec="milliseconds")
    return value


def _uuid(value: str) -> UUID:
    return ids.split(value)[1]
