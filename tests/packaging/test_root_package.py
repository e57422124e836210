"""The repository's root is the package: it runs as a module, has a version, and its tracebacks name real files."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

import bulksend

ROOT: Final = Path(__file__).parents[2]
BULKSEND: Final = Path(sys.executable).with_name("bulksend")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_tells_its_version() -> None:
    assert run(BULKSEND, "--version").stdout.split()[-1] == version("bulksend")


def test_it_runs_as_a_module_from_the_root() -> None:
    ran = run(sys.executable, "-m", "bulksend", "--version")
    assert (ran.returncode, ran.stdout) == (0, run(BULKSEND, "--version").stdout)


def test_a_process_of_its_own_imports_all_that_a_gateway_needs() -> None:
    # Other tests fork processes in which the package is already imported.
    ran = run(BULKSEND, "serve")
    assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert "BULKSEND_SECRET_KEYS: must be set" in ran.stderr


def test_one_marker_says_that_it_is_typed() -> None:
    listed = run("git", "ls-files", "*py.typed").stdout.split()
    assert listed == ["py.typed"]
    assert (Path(bulksend.__path__[0]) / "py.typed").exists()


def test_a_traceback_names_files_of_the_repository() -> None:
    ran = run(sys.executable, "-c", "from bulksend.db import ids; ids.decode('bs', 'wrong')")
    files = [Path(name) for name in re.findall(r'File "([^"<]+)", line', ran.stderr)]
    assert [file for file in files if not file.is_file()] == []
    assert (ROOT / "db" / "ids.py") in [file.resolve() for file in files]
