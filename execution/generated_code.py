"""Compiling generated source, with a cache of code objects and with sources in tracebacks.

Operations that differ only in literals, or in the place of a selection, generate the same source, and compiling is the
dearest part of making a plan. Sources are registered with `linecache`, so that a traceback shows the generated line.
"""

import linecache
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from types import CodeType
from typing import Any, Final

from cachetools import LRUCache

MAXIMUM_SOURCES: Final = 2_000
_NAME_LENGTH: Final = 12


class _CodeCache(LRUCache[str, CodeType]):
    def popitem(self) -> tuple[str, CodeType]:
        source, code = super().popitem()
        linecache.cache.pop(code.co_filename, None)
        return source, code


_codes = _CodeCache(MAXIMUM_SOURCES)
_lock = Lock()


def function_from_source(source: str, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """Return the function `name` that `source` defines; `namespace` becomes its globals.

    The function is taken out of its own globals: together they would be a reference cycle.
    """
    exec(_code(source), namespace)  # noqa: S102  # sources are generated here; response keys enter them by repr()
    function: Callable[..., Any] = namespace.pop(name)
    return function


def _code(source: str) -> CodeType:
    with _lock:
        code = _codes.get(source)
    if code is None:
        filename = f"<graphql operation {sha256(source.encode()).hexdigest()[:_NAME_LENGTH]}>"
        code = compile(source, filename, "exec")
        with _lock:
            _codes[source] = code
            linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return code
