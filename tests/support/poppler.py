"""Poppler's commands, an independent reader of PDFs and their signatures."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def poppler(command: str, *arguments: str | Path) -> str:
    """Return the output of a command of poppler-utils. Skip the test if it is not installed, except in CI."""
    path = shutil.which(command)
    if path is None:
        assert "CI" not in os.environ, f"{command} must be installed in CI"
        pytest.skip(f"{command} (poppler-utils) is not installed")
    return subprocess.run([path, *map(str, arguments)], check=True, capture_output=True, text=True, timeout=60).stdout
