"""The frame: imports run one way, and nothing unpickles what it is handed."""

from __future__ import annotations

import ast
import re
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


def test_no_pickle_is_loaded_unsafely() -> None:
    for layer in LAYERS:
        for path in sources(layer):
            text = path.read_text()
            assert not re.search(r"pickle\.loads?\(|weights_only\s*=\s*False|extractall\(|add_safe_globals", text), path
            assert not re.search(r"torch\.load\(|torch\.save\(", text) or path.stem == "foreign_checkpoints", path
