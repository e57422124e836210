"""Packing a wheel builds the GraphiQL page first, where Node is there to do it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMMANDS = (["ci"], ["run", "build"])
WITHOUT = "The wheel is packed WITHOUT the GraphiQL page, which will load from esm.sh instead"


class ExplorerBuildHook(BuildHookInterface[Any]):
    """Fill `server/graphql/explorer/dist`. An editable install uses what its checkout has."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, or warn: whoever installs from source need not have Node."""
        if version == "editable":
            return
        npm = shutil.which("npm")
        if npm is None:
            self.app.display_warning(f"{WITHOUT}: there is no npm here.")
            return
        try:
            self._build(npm)
        except subprocess.CalledProcessError as failure:
            self.app.display_warning(f"{WITHOUT}: npm {failure.cmd[1]} failed.")

    def _build(self, npm: str) -> None:
        explorer = Path(self.root, "server", "graphql", "explorer")
        shutil.rmtree(explorer / "dist", ignore_errors=True)
        for command in COMMANDS:
            subprocess.run([npm, *command], cwd=explorer, check=True)
