"""What is installed: every package with all of its files, the types among them, and pins that name no index."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("registry", "benchmarks", "suites", "results", "tools")


def sources(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


LIBRARY = Path("tools", "library")
"""The folder of the package `provbench` itself."""


def installed(path: Path) -> Path:
    """Returns where a file of the tree is in an installation."""
    path = path.relative_to(ROOT)
    return Path("provbench", path.relative_to(LIBRARY) if path.is_relative_to(LIBRARY) else path)


def test_every_package_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {".".join(installed(path).parent.parts) for layer in LAYERS for path in sources(layer)}
    assert set(declared) == found


def test_the_lock_has_hashes_and_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert not re.search(r"--(extra-)?index-url|--find-links", lock)
    for requirement in re.split(r"\n(?=\S)", lock.strip()):
        assert "==" in requirement
        assert "--hash=sha256:" in requirement


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel, which is built from a copy, since setuptools writes beside its sources."""
    copy = tmp_path_factory.mktemp("wheel") / "provbench"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for layer in LAYERS:
        shutil.copytree(ROOT / layer, copy / layer, ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    (file,) = (copy / "dist").glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_file_of_the_packages(wheel: set[str]) -> None:
    files = [path for layer in LAYERS for path in (ROOT / layer).rglob("*") if path.is_file()]
    wanted = {installed(path).as_posix() for path in files if "__pycache__" not in path.parts}
    assert {name for name in wheel if ".dist-info/" not in name} == wanted


@pytest.mark.parametrize("layer", LAYERS)
def test_every_package_says_that_it_is_typed(wheel: set[str], layer: str) -> None:
    """`provbench` is a namespace, so each package under it needs the marker that type checkers look for."""
    assert f"provbench/{layer}/py.typed" in wheel
