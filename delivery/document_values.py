"""The values that a document shows, with blanks for fields that its signer has not filled in yet."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

BLANK: Final = "\u2009____________\u2009"
_BOXES: Final = {"true": "☑", "false": "☐"}


def shown_values(template_fields: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the value shown for each merge field; a checkbox is shown as a box.

    `template_fields`: the template's fields as the database keeps them, JSON text.
    """
    fields: list[dict[str, Any]] = orjson.loads(template_fields)
    blanks = {field["name"]: BLANK for field in fields if field["filled_by"] == "signer"}
    boxes = {
        field["name"]: _BOXES[values[field["name"]]]
        for field in fields
        if field["type"] == "checkbox" and values.get(field["name"]) in _BOXES
    }
    return {**blanks, **values, **boxes}
