"""The fingerprint of a create, by which two uses of an idempotency key are compared.

Stored rows hold it, so its bytes must never change: the SHA-256 of
`json.dumps(…, sort_keys=True, separators=(",", ":"))`.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Final

import orjson

from bulksend.resolvers.fast_validation import ValidSigner
from bulksend.resolvers.inputs import CreateBulkSendInput, InvalidSigners

_NOT_COMPARED: Final = frozenset({"signers", "idempotency_key", "wait_for_delivery", "dry_run", "on_invalid_signers"})
_ESCAPED_BY_JSON: Final = re.compile(r"[^\x00-\x7e]+")


def fingerprint(details: CreateBulkSendInput, signers: Sequence[ValidSigner], skipped: Sequence[int] = ()) -> bytes:
    """Return the SHA-256 of a create's input without `idempotencyKey`, `waitForDelivery` and `dryRun`.

    `skipped`: the indexes of invalid signers that were left out.
    """
    # Unset fields are left out, so that adding a field does not change existing fingerprints.
    given = details.model_dump(exclude=set(_NOT_COMPARED))
    asked = {name: value for name, value in given.items() if value is not None}
    if details.on_invalid_signers is InvalidSigners.SKIP:
        asked |= {"on_invalid_signers": "skip", "skipped": skipped}
    return hashlib.sha256(canonical([asked, list(map(_canonical, signers))])).digest()


def canonical(value: object) -> bytes:
    """Return a value's JSON in ASCII with sorted keys, as `json.dumps` does, at a tenth of its cost."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if text.isascii() and b"\x7f" not in text:
        return text
    # Such characters occur within strings only, and json escapes each on its own.
    return _ESCAPED_BY_JSON.sub(lambda run: json.dumps(run[0])[1:-1], text.decode()).encode()


def _canonical(signer: ValidSigner) -> dict[str, object]:
    name, email, phone, message, external_id, values, locale = signer
    asked: dict[str, object] = {"email": email, "name": name, "values": values}
    if phone is not None:
        asked["phone"] = phone
    if message is not None:
        asked["message"] = message
    if external_id is not None:
        asked["external_id"] = external_id
    if locale is not None:
        asked["locale"] = locale
    return asked
