"""What schemathesis must know beyond the OpenAPI document: a template, and rules that no schema can express."""

import copy
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
    """Make a generated request satisfy the rules that no schema can express."""
    if isinstance(case.body, dict):
        case.body = _sensible(case.body, case.headers)
    if isinstance(case.query, dict) and _looks_like(CURSOR, case.query.get("cursor")):
        # A cursor comes from a page; those made up are refused.
        case.query = {name: value for name, value in case.query.items() if name != "cursor"}


def _sensible(body: dict[str, Any], headers: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    if _looks_like(TEMPLATE_ID, body.get("templateId")):
        changed["templateId"] = os.environ["BULKSEND_TEST_TEMPLATE"]
    if isinstance(body.get("idempotencyKey"), str) and "Idempotency-Key" in (headers or {}):
        del changed["idempotencyKey"]
    for signer in _dicts(changed.get("signers")):
        values = signer.get("values")
        if _dicts(values) == values:
            signer["values"] = list({str(value.get("field")): value for value in _dicts(values)}.values())
    return changed


def _dicts(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _looks_like(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
