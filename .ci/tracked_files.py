"""The repository's tracked files, as a new clone has them and with what is not committed yet."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def tracked_files() -> list[Path]:
    """Return the paths of the tracked files that exist, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).exists()]


def copy_tracked_files(folder: Path) -> None:
    """Copy the tracked files into a folder, which is made if it does not exist; symlinks stay symlinks."""
    folder.mkdir(parents=True, exist_ok=True)
    names = "\0".join(map(str, tracked_files())).encode()
    archive = subprocess.run(["tar", "-C", str(ROOT), "--null", "-T", "-", "-c"], input=names, capture_output=True)
    subprocess.run(["tar", "-C", str(folder), "-x"], input=archive.stdout, check=True)
