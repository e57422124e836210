"""All imports of the product are declared: as dependencies or, for `server/dev/` and `db/embedded/`, in an extra."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
# The types of these packages are part of the API of the packages that depend on them.
BROUGHT_BY: Final = {"multidict": "aiohttp", "pydantic-core": "pydantic", "pyhanko-certvalidator": "pyhanko"}
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def declared(requirements: list[str]) -> set[str]:
    return {_normal(re.split(r"[\[<>=!~; ]", requirement)[0]) for requirement in requirements}


def test_every_import_is_declared() -> None:
    known = declared([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]) | {"bulksend"}
    missing = {name: where for name, where in _imported().items() if BROUGHT_BY.get(name, name) not in known}
    assert missing == {}


def test_every_dependency_is_imported() -> None:
    assert declared(PROJECT["dependencies"]) - _imported().keys() == set()


def _imported() -> dict[str, str]:
    """Return the distributions that the product imports, each with a file that imports it."""
    distributions = packages_distributions()
    return {
        _normal(distribution): str(file.relative_to(ROOT))
        for folder in ROOT.glob("*/__init__.py")
        for file in folder.parent.rglob("*.py")
        for name in _names(file)
        if name not in sys.stdlib_module_names
        for distribution in distributions.get(name, [name])
    }


def _names(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return {module.partition(".")[0] for module in modules}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
