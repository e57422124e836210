"""Hostile requests with the expected refusals, for tests/adversarial and tests/bench/adversarial.py."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Attack:
    """A request body, with the expected status and error code under application/graphql-response+json."""

    name: str
    body: Callable[[], bytes]
    status: int
    code: str
    limit: str | None = None


CREATE: Final = "mutation($input: CreateBulkSendInput!) { createBulkSend(input: $input) { replayed } }"


def _query(text: str, **more: Any) -> bytes:
    return json.dumps({"query": text, **more}).encode()


def doubled(n: int, inner: str = "viewer { organization { id } }") -> str:
    """Return a document of n lines whose fragments each spread the next one twice: 2^n spreads of the last."""
    fragments = " ".join(f"fragment F{i} on Query {{ {inner} ...F{i + 1} ...F{i + 1} }}" for i in range(n))
    return f"{{ ...F0 ...F0 }} {fragments} fragment F{n} on Query {{ __typename }}"


def doubled_below(n: int) -> str:
    """Return the same below fields, where executors do not merge: 2^n objects, but for the depth limit."""
    fragments = " ".join(
        f"fragment F{i} on BulkSend {{ documents {{ nodes {{ bulkSend {{ ...F{i + 1} }} template {{ id }} }} }} "
        f"again: documents {{ nodes {{ bulkSend {{ ...F{i + 1} }} }} }} }}"
        for i in range(n)
    )
    return f'{{ bulkSend(id: "bs_x") {{ ...F0 }} }} {fragments} fragment F{n} on BulkSend {{ id }}'


def _signers(count: int) -> dict[str, Any]:
    signers = [{"name": "A", "email": "a@example.com"}] * count
    return {"input": {"templateId": "tpl_x", "name": "A", "signers": signers}}


def _many(count: int, item: str) -> str:
    return "{ " + " ".join(item.format(n=n) for n in range(count)) + " }"


def _nested_equal(count: int) -> str:
    return "{ bulkSends(first: 1) { nodes { " + "template { id } " * count + "} } }"


def _fragments(count: int) -> str:
    definitions = " ".join(f"fragment F{n} on Query {{ {'__typename ' * 8} }}" for n in range(count))
    return _many(count, "...F{n}") + definitions


_TOO_COMPLEX: Final = "QUERY_TOO_COMPLEX"

ATTACKS: Final = (
    Attack(
        "30 doubled fragments with aliases", lambda: _query(doubled(30, "a: __typename")), 400, _TOO_COMPLEX, "aliases"
    ),
    Attack("30 doubled fragments below fields", lambda: _query(doubled_below(30)), 400, _TOO_COMPLEX, "depth"),
    Attack("190 fragments in a chain", lambda: _query(doubled(190, "__typename")), 400, _TOO_COMPLEX, "cost"),
    Attack(
        "fragments in a circle",
        lambda: _query("{ ...A } fragment A on Query { ...A ...A }"),
        400,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    Attack("10,000 aliases", lambda: _query(_many(10_000, "a{n}: __typename")), 400, _TOO_COMPLEX, "characters"),
    Attack("1,500 aliases", lambda: _query(_many(1_500, "a{n}: __typename")), 400, _TOO_COMPLEX, "aliases"),
    Attack(
        "600 directives",
        lambda: _query("{ __typename " + "@skip(if: false) " * 600 + "}"),
        400,
        _TOO_COMPLEX,
        "directives",
    ),
    Attack(
        "1,000 unknown directives",
        lambda: _query("{ __typename " + "@a " * 1_000 + "}"),
        400,
        _TOO_COMPLEX,
        "directives",
    ),
    Attack("1,000 unknown fields", lambda: _query(_many(1_000, "bulkSend{n}")), 400, "GRAPHQL_VALIDATION_FAILED"),
    Attack("10,000 tokens", lambda: _query(_many(10_000, "a b")), 400, _TOO_COMPLEX, "tokens"),
    Attack(
        "fields 100 deep",
        lambda: _query("{ bulkSend(id: 1) " + "{ template " * 100 + "}" * 101),
        400,
        _TOO_COMPLEX,
        "depth",
    ),
    Attack("fields 10,000 deep", lambda: _query("{ a " * 10_000 + "}" * 10_000), 400, _TOO_COMPLEX, "depth"),
    Attack(
        "lists 10,000 deep in the document",
        lambda: _query("{ node(id: " + "[" * 10_000 + "]" * 10_000 + ") { id } }"),
        400,
        _TOO_COMPLEX,
        "depth",
    ),
    Attack("1 MB of a comment", lambda: _query("{ __typename } #" + "x" * 1_000_000), 400, _TOO_COMPLEX, "characters"),
    Attack("1 MB of spaces", lambda: _query("{ __typename }" + " " * 1_000_000), 400, _TOO_COMPLEX, "characters"),
    Attack(
        "100 kB of a string", lambda: _query('{ node(id: "' + "\\n" * 49_000 + '") { id } }'), 401, "UNAUTHENTICATED"
    ),
    Attack(
        "large pages in large pages",
        lambda: _query("{ bulkSends(first: 100) { nodes { documents(first: 500) { nodes { id } } } } }"),
        401,
        "UNAUTHENTICATED",
    ),
    Attack(
        "50 introspections",
        lambda: _query(_many(50, "a{n}: __schema {{ types {{ fields {{ name }} }} }}")),
        400,
        _TOO_COMPLEX,
        "cost",
    ),
    Attack(
        "introspection in a circle",
        lambda: _query("{ __schema { types { " + "fields { type { " * 5 + "name" + " } }" * 5 + " } } }"),
        400,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    Attack("a batch of 1,000", lambda: json.dumps([{"query": "{ __typename }"}] * 1_000).encode(), 400, "BAD_REQUEST"),
    Attack("JSON 100,000 deep", lambda: b'{"query":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "BAD_REQUEST"),
    Attack("JSON 50,000 deep", lambda: b'{"query":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001, 400, "BAD_REQUEST"),
    Attack(
        "variables 900 deep",
        lambda: b'{"query":"{ __typename }","variables":{"a":' + b"[" * 900 + b"]" * 900 + b"}}",
        200,
        "",
    ),
    Attack("660,000 empty lists", lambda: b'{"query":[' + b"[]," * 660_000 + b"[]]}", 413, "PAYLOAD_TOO_LARGE"),
    Attack("30,000 signers", lambda: _query(CREATE, variables=_signers(30_000)), 400, _TOO_COMPLEX, "listItems"),
    Attack("40,000 signers", lambda: _query(CREATE, variables=_signers(40_000)), 413, "PAYLOAD_TOO_LARGE"),
    Attack(
        "a number of 1,000,000 digits",
        lambda: b'{"query":"{ __typename }","variables":{"a":' + b"1" * 1_000_000 + b"}}",
        400,
        "BAD_REQUEST",
    ),
)

# Attacks that get past authentication.
ATTACKS_WITH_A_KEY: Final = (
    # Merging the fields of these was their most expensive part; they now cost no more than other requests.
    Attack("100 fragments of the same fields", lambda: _query(_fragments(100)), 200, ""),
    Attack("2,400 equal fields", lambda: _query(_many(2_400, "__typename")), 200, ""),
    Attack("140 equal fields of fields", lambda: _query(_nested_equal(140)), 200, ""),
    Attack("30 doubled fragments", lambda: _query(doubled(30)), 400, _TOO_COMPLEX, "cost"),
    Attack("5,000 signers", lambda: _query(CREATE, variables=_signers(5_000)), 400, _TOO_COMPLEX, "listItems"),
    Attack(
        "500 wrong signers",
        lambda: _query(CREATE, variables={"input": {"templateId": "t", "name": "A", "signers": [{}] * 500}}),
        400,
        "BAD_USER_INPUT",
    ),
    Attack(
        "large pages in large pages",
        lambda: _query("{ bulkSends(first: 100) { nodes { documents(first: 500) { nodes { id } } } } }"),
        400,
        _TOO_COMPLEX,
        "cost",
    ),
    Attack("100 kB of a string", lambda: _query('{ node(id: "' + "\\n" * 49_000 + '") { id } }'), 200, ""),
)
