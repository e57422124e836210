"""Backward compatibility: the schema may grow, but nothing in it may be removed or change its type.

`released.graphql` is the schema of the last release. Copy `schema/schema.graphql` over it only when a version is
released. A breaking change requires a deprecation of at least one release before it.
"""

import re
from pathlib import Path
from typing import Final

import pytest
from graphql import BreakingChange, build_schema, find_breaking_changes

from bulksend.schema.build import build_schema as build

RELEASED: Final = (Path(__file__).parent / "released.graphql").read_text("utf-8")
BUILT: Final = build().as_str()
BARE: Final = re.sub(r'\s*"""[\s\S]*?"""', "", BUILT)


def test_no_change_breaks_a_client() -> None:
    assert [change.description for change in breaking(RELEASED, BUILT)] == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("  sentCount: Int!\n", "", "Field BulkSend.sentCount was removed."),
        ("  totalCount: Int!\n", "  totalCount: Int\n", "Field BulkSend.totalCount changed type from Int! to Int."),
        (
            "  phone: String\n  message",
            "  phone: String!\n  message",
            "Field SignerInput.phone changed type from String to String!.",
        ),
        ("  dryRun: Boolean = false\n", "", "Field CreateBulkSendInput.dryRun was removed."),
        ("  COMPLETED\n", "", "Enum value BulkSendStatus.COMPLETED was removed."),
        ("type Document implements Node", "type Document", "Document no longer implements interface Node."),
        ("    search: String\n    templateId", "    templateId", "Argument Query.bulkSends(search:) was removed."),
    ],
)
def test_a_change_that_breaks_clients_is_found(before: str, after: str, told: str) -> None:
    assert before in BARE
    changes = breaking(BARE, BARE.replace(before, after))
    assert told in [change.description for change in changes]


def test_the_schema_may_grow() -> None:
    grown = BARE.replace("  sentCount: Int!\n", "  sentCount: Int!\n  openedCount: Int\n")
    assert grown != BARE
    assert breaking(BARE, grown) == []


def breaking(old: str, new: str) -> list[BreakingChange]:
    return find_breaking_changes(build_schema(old), build_schema(new))
