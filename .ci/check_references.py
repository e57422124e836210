"""Require that a language server, opened on the repository's root, finds every reference of a class.

Usage: check_references.py PYRIGHT_LANGSERVER

The root is the package `bulksend`, so a server that did not take `bulksend.resolvers.errors` and `resolvers/errors.py`
for one file would find only the references within it. `[tool.pyright]` relies on the clone's folder being named
`bulksend`; here the tracked files are copied into a folder of that name.
"""

import io
import json
import subprocess
import sys
import tempfile
import tokenize
from itertools import count
from pathlib import Path
from typing import Any

from tracked_files import copy_tracked_files, tracked_files

NAME = "BadUserInput"
DEFINED_IN = "resolvers/errors.py"
ATTEMPTS = 10  # the first answers may come before the server has listed the project's files
Place = tuple[str, int, int]


class LanguageServer:
    """A language server on standard input and output, asked one thing at a time."""

    def __init__(self, command: Path, root: Path) -> None:
        self._process = subprocess.Popen(
            [command, "--stdio"], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._ids = count(1)

    def ask(self, method: str, parameters: Any) -> Any:
        """Send a request and return its result. Questions of the server are answered with null meanwhile."""
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:
                asked = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [None] * len(asked) or None})
            elif message.get("id") == number:
                assert "error" not in message, message["error"]
                return message["result"]

    def notify(self, method: str, parameters: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": parameters})

    def stop(self) -> None:
        """End the server."""
        self.ask("shutdown", None)
        self.notify("exit", None)
        self._process.wait(30)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while header := self._process.stdout.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server ended"
        return dict(json.loads(self._process.stdout.read(length)))


def written(root: Path) -> set[Place]:
    """Return where the name stands as a name, not in a comment or string: file, line and column from 0."""
    return {
        (str(name), token.start[0] - 1, token.start[1])
        for name in tracked_files()
        if name.suffix == ".py"
        for token in tokenize.generate_tokens(io.StringIO((root / name).read_text("utf-8")).readline)
        if token.type == tokenize.NAME and token.string == NAME
    }


def open_file(server: LanguageServer, path: Path) -> None:
    """Open a file as an editor does."""
    document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": path.read_text("utf-8")}
    server.notify("textDocument/didOpen", {"textDocument": document})


def found(server: LanguageServer, root: Path, at: Place) -> set[Place]:
    """Return the places of the server's answer, the declaration included."""
    name, line, column = at
    uri = (root / name).as_uri()
    references = server.ask(
        "textDocument/references",
        {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": column},
            "context": {"includeDeclaration": True},
        },
    )
    return {
        (one["uri"].removeprefix(root.as_uri() + "/"), *map(one["range"]["start"].get, ("line", "character")))
        for one in references
    }


def started(command: Path, root: Path) -> LanguageServer:
    """Start a server on a folder."""
    server = LanguageServer(command, root)
    server.ask(
        "initialize",
        {
            "processId": None,
            "rootUri": root.as_uri(),
            "capabilities": {"workspace": {"configuration": True}},
            "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
        },
    )
    server.notify("initialized", {})
    return server


def not_found(command: Path) -> tuple[set[Place], set[Place]]:
    """Return where the name stands, and of that what the server does not find."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "bulksend"
        copy_tracked_files(root)
        expected = written(root)
        (definition,) = (place for place in expected if place[0] == DEFINED_IN and _defines(root, place))
        server = started(command, root)
        open_file(server, root / DEFINED_IN)
        for _ in range(ATTEMPTS):
            missing = expected - found(server, root, definition)
            if not missing:
                break
        server.stop()
    return expected, missing


def main(command: Path) -> None:
    """Compare what is written with what the server finds."""
    expected, missing = not_found(command)
    print(f"{len(expected) - len(missing)} of {len(expected)} references of {NAME} found", flush=True)
    if missing:
        sys.exit("\n".join(f"not found: {name}:{line + 1}:{column + 1}" for name, line, column in sorted(missing)))


def _defines(root: Path, place: Place) -> bool:
    return (root / place[0]).read_text("utf-8").splitlines()[place[1]].startswith(f"class {NAME}")


main(Path(sys.argv[1]).absolute())
