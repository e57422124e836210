"""Information that schemathesis needs beyond the OpenAPI document: stored ids, and rules that no schema can express."""

import copy
import json
import os
import re
from typing import Any

import schemathesis
from hypothesis import strategies as st

from bulksend.resolvers.visible_text import is_visible

CURSOR = re.compile(r"[A-Za-z0-9_-]{32}")
TEMPLATE_ID = re.compile(r"tpl_[0-7][0-9a-hjkmnp-tv-z]{25}")
LINE_BREAK_OR_TAB = re.compile(r"[\r\n\t]")
# Texts that must contain visible characters. Patterns only exclude white space: invisible characters are too many.
VISIBLE = ("name", "externalId", "idempotencyKey", "phone", "reason", "value")
# A bulk send for each operation on documents, by the last part of its path: `id` and `documentIds`.
STORED = json.loads(os.environ["BULKSEND_TEST_STORED"])

# Addresses that the API accepts as `email`: Hypothesis' own include domains that do not resolve.
schemathesis.openapi.format("email", st.from_regex(r"\A[a-z]{1,10}(\.[a-z]{1,5})?(\+[a-z0-9]{1,5})?@example\.com\Z"))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Make a generated request satisfy the rules that the document cannot express."""
    if isinstance(case.body, dict):
        case.body = _sensible(case.body, case.headers)
        _void_its_own(case)
        if case.meta is None or case.meta.generation.mode.is_positive:
            _make_acceptable(case)
    if isinstance(case.query, dict) and _looks_like(CURSOR, case.query.get("cursor")):
        # Cursors must come from a page; generated ones are refused.
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


def _void_its_own(case: Any) -> None:
    """Void only the bulk send stored for voiding; ids of those for other operations may be known from lists."""
    if _action(case) == "void" and case.path_parameters.get("id") in [stored["id"] for stored in STORED.values()]:
        case.path_parameters = {**case.path_parameters, "id": STORED["void"]["id"]}


def _action(case: Any) -> str:
    return str(case.operation.path.rpartition("/")[2])


def _make_acceptable(case: Any) -> None:
    """Make a request that is valid by the document valid by the rules that the document cannot express."""
    case.body = _acceptable(case.body)
    for signer in _dicts(case.body.get("signers")):
        # The template declares no fields, so any value must be a single line of text.
        for value in _dicts(signer.get("values")):
            value["value"] = LINE_BREAK_OR_TAB.sub(" ", value["value"])
    stored = STORED.get(_action(case))
    if stored and (case.body.get("documentIds") or case.body.get("documents")):
        case.path_parameters = {**case.path_parameters, "id": stored["id"]}
        case.body.update(_of_stored(case.body, stored["documentIds"]))


def _of_stored(body: dict[str, Any], document_ids: list[str]) -> dict[str, Any]:
    """Return the parts of the body that refer to documents, with the ids of stored documents."""
    if "documentIds" in body:
        return {"documentIds": document_ids[: len(body["documentIds"])]}
    # The stored documents have no values that could be amended.
    pairs = zip(document_ids, body["documents"], strict=False)
    return {"documents": [{**one, "documentId": document_id, "values": []} for document_id, one in pairs]}


def _acceptable(found: Any, name: str = "") -> Any:
    """Return JSON whose texts are visible where required, and whose whole numbers are integers."""
    if isinstance(found, dict):
        return {key: _acceptable(value, key) for key, value in found.items()}
    if isinstance(found, list):
        return [_acceptable(value) for value in found]
    if isinstance(found, float) and found.is_integer():
        # 3.0 is an integer in JSON Schema; the API accepts only 3.
        return int(found)
    return "x" if name in VISIBLE and isinstance(found, str) and found and not is_visible(found) else found


def _dicts(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _looks_like(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
