"""The frame: packages are declared, imports run one way, and pins name no index."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("registry", "benchmarks", "suites", "results", "tools")
ALLOWED = {
    "registry": {"registry"},
    "benchmarks": {"benchmarks", "registry"},
    "results": {"results", "registry"},
    "suites": {"suites", "benchmarks", "results", "registry"},
    "tools": set(LAYERS),
}


def sources(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


def imported_layers(path: Path) -> set[str]:
    """The top-level folders that a module imports from, wherever in it."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = parts[: len(parts) - node.level]
            found |= {(*base, *(node.module or "").split("."))[0]} if base or node.module else set()
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("provbench."):
            found.add(str(node.module).split(".")[1])
    return found & set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    for path in sources(layer):
        assert imported_layers(path) <= ALLOWED[layer], path


def test_results_and_registry_import_no_torch_at_the_top() -> None:
    for path in [*sources("results"), *(ROOT / "registry").glob("*.py")]:
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not any(name.split(".")[0] == "torch" for name in names), path


def test_every_package_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(("provbench", *path.parent.relative_to(ROOT).parts)) for layer in LAYERS for path in sources(layer)
    }
    assert set(declared) == found


def test_the_lock_has_hashes_and_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert not re.search(r"--(extra-)?index-url|--find-links", lock)
    for requirement in re.split(r"\n(?=\S)", lock.strip()):
        assert "==" in requirement
        assert "--hash=sha256:" in requirement


def test_no_pickle_is_loaded_unsafely() -> None:
    for layer in LAYERS:
        for path in sources(layer):
            assert not re.search(r"pickle\.loads?\(|weights_only\s*=\s*False|extractall\(", path.read_text()), path
