"""What schemathesis must know beyond the OpenAPI document: a template that exists, and what addresses are."""

import os
import re
from typing import Any

import schemathesis
from hypothesis import strategies as st

CURSOR = re.compile(r"[A-Za-z0-9_-]{32}")
TEMPLATE_ID = re.compile(r"tpl_[0-7][0-9a-hjkmnp-tv-z]{25}")

# Addresses that `email` means to us: hypothesis' own go beyond it, to names that resolve nowhere.
schemathesis.openapi.format("email", st.from_regex(r"\A[a-z]{1,10}(\.[a-z]{1,5})?(\+[a-z0-9]{1,5})?@example\.com\Z"))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Name the template that exists wherever one is named that could, and leave out cursors that no page gave."""
    body, query = case.body, case.query
    if isinstance(body, dict) and _looks_like(TEMPLATE_ID, body.get("templateId")):
        case.body = {**body, "templateId": os.environ["BULKSEND_TEST_TEMPLATE"]}
    if isinstance(query, dict) and _looks_like(CURSOR, query.get("cursor")):
        case.query = {name: value for name, value in query.items() if name != "cursor"}


def _looks_like(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
