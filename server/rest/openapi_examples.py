"""The examples of the OpenAPI document."""

from typing import Any, Final

BULK_SEND_ID: Final = "bs_01k9gk5v3hf2t8vq4m0r6w7x9z"
TEMPLATE_ID: Final = "tpl_01k9gk5v3hf2t8vq4m0r6w7x9z"
_MESSAGE: Final = "Please sign your vendor agreement for Q3."

CREATE: Final[dict[str, Any]] = {
    "templateId": TEMPLATE_ID,
    "name": "Q3 Vendor Agreements",
    "emailMessage": _MESSAGE,
    "signers": [
        {"name": "Alice Johnson", "email": "alice@vendor-a.com"},
        {"name": "Bob Williams", "email": "bob@vendor-b.com"},
        {"name": "Carol Davis", "email": "carol@vendor-c.com"},
    ],
}
CREATED: Final[dict[str, Any]] = {
    "data": {
        "id": BULK_SEND_ID,
        "name": "Q3 Vendor Agreements",
        "status": "completed",
        "totalCount": 3,
        "sentCount": 3,
        "failedCount": 0,
        "templateId": TEMPLATE_ID,
        "createdAt": "2026-05-28T12:00:00.000Z",
    }
}
DETAILS: Final[dict[str, Any]] = {
    "data": {
        "id": BULK_SEND_ID,
        "name": "Q3 Vendor Agreements",
        "status": "completed",
        "totalCount": 150,
        "sentCount": 148,
        "failedCount": 2,
        "emailMessage": _MESSAGE,
        "templateId": TEMPLATE_ID,
        "createdAt": "2026-05-28T10:00:00.000Z",
        "updatedAt": "2026-05-28T10:05:00.000Z",
    }
}
PAGE: Final[dict[str, Any]] = {
    "data": [{name: value for name, value in DETAILS["data"].items() if name != "emailMessage"}],
    "meta": {"count": 1, "hasMore": False, "nextCursor": None},
}
