"""Apollo's multipart protocol for subscriptions over HTTP, version 1.0.

https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

from typing import Any, Final

from bulksend.server.graphql.streaming import StreamFormat
from bulksend.server.http import json_codec

CONTENT_TYPE: Final = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
_BOUNDARY: Final = b"\r\n--graphql"
_PART: Final = b"\r\nContent-Type: application/json\r\n\r\n"


def _part(content: dict[str, Any]) -> bytes:
    """Return a part followed by the boundary, so that clients see at once that the part is complete."""
    return b"".join((_PART, json_codec.write(content), _BOUNDARY))


def _result(body: dict[str, Any]) -> bytes:
    return _part({"payload": body})


def _refusal(errors: list[dict[str, Any]]) -> bytes:
    return _part({"payload": None, "errors": errors})


FORMAT: Final = StreamFormat(
    content_type=CONTENT_TYPE,
    opening=_BOUNDARY,
    result=_result,
    refusal=_refusal,
    heartbeat=_part({}),
    closing=b"--\r\n",
)
