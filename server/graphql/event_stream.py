"""GraphQL over server-sent events, in the protocol's distinct connections mode: one operation a response.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
"""

from typing import Any, Final

from bulksend.server.graphql.streaming import StreamFormat
from bulksend.server.http import json_codec

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
# Clients ignore an event without a data line.
_COMPLETE: Final = b"event: complete\ndata: \n\n"


def write_whole(body: dict[str, Any]) -> bytes:
    """Return the whole stream of an operation with a single result."""
    return _next(body) + _COMPLETE


def _next(body: dict[str, Any]) -> bytes:
    """Return the event of a result, whose JSON has no line breaks."""
    return b"".join((b"event: next\ndata: ", json_codec.write(body), b"\n\n"))


def _refusal(errors: list[dict[str, Any]]) -> bytes:
    return _next({"errors": errors})


FORMAT: Final = StreamFormat(
    content_type=CONTENT_TYPE,
    # A comment line, so that proxies and clients receive something before the first result.
    opening=b":\n\n",
    result=_next,
    refusal=_refusal,
    heartbeat=b":\n\n",
    closing=_COMPLETE,
)
