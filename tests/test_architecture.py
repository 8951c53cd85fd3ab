"""The frame: imports run one way and through faces, files and functions stay small, and nothing is unpickled."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
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
LONGEST_FILE, LONGEST_FUNCTION, SHORTEST_FACE = 400, 60, 3
PUBLIC = {"registry", "registry.generation", "results", "benchmarks.common"}
"""Packages whose faces are documented for authors of plugins, tasks and notebooks: anyone may use what they export."""

Name = tuple[str, ...]


def sources(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


def module_name(path: Path) -> Name:
    """`("results", "store", "record")`; a package is named without its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES: dict[Name, Path] = {module_name(path): path for layer in LAYERS for path in sources(layer)}
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}
WINGS = sorted(PACKAGES - {(layer,) for layer in LAYERS if not (ROOT / layer / "__init__.pyi").exists()})


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@dataclass(frozen=True)
class Import:
    """One imported name: `from TARGET import NAME`, TARGET without `provbench`."""

    importer: Name
    target: Name
    name: str
    level: int
    eager: bool
    """Whether it stands outside of functions, under TYPE_CHECKING too."""


def imports_of(path: Path, importer: Name) -> Iterator[Import]:
    """The imports of provbench's own names, wherever in the module they stand."""
    package = importer[:-1] if path.suffix == ".pyi" else importer if path.name == "__init__.py" else importer[:-1]
    tree = tree_of(path)
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lazy = {id(inner) for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = tuple((node.module or "").split(".")) if node.module else ()
        if node.level:
            target = (*package[: len(package) - node.level + 1], *module)
        elif module[:1] == ("provbench",):
            target = module[1:]
        else:
            continue
        for alias in node.names:
            own = (*target, alias.name)
            yield (
                Import(importer, own, "", node.level, id(node) not in lazy)
                if own in MODULES
                else Import(importer, target, alias.name, node.level, id(node) not in lazy)
            )


@cache
def product_imports() -> tuple[Import, ...]:
    return tuple(found for name, path in MODULES.items() for found in imports_of(path, name))


@cache
def face(package: Name) -> Mapping[str, Name]:
    """The names that a package exports, each with the module that defines it."""
    stub = ROOT.joinpath(*package, "__init__.pyi")
    if not stub.exists():
        return {}
    exported = {}
    for node in ast.parse(stub.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inner = (*package, *((node.module or alias.name).split(".")))
                exported[alias.asname or alias.name] = inner
    return exported


def defining(target: Name, name: str) -> Name:
    """The module that an import reaches: behind a face, the one that defines the name."""
    while target in PACKAGES and name in face(target):
        target = face(target)[name]
    return target


def circles(arrows: Mapping[Name, set[Name]]) -> set[frozenset[Name]]:
    """The sets of nodes that reach each other."""

    def reached(start: Name) -> set[Name]:
        seen: set[Name] = set()
        open_ = [start]
        while open_:
            for after in arrows.get(open_.pop(), set()) - seen:
                seen.add(after)
                open_.append(after)
        return seen

    beyond = {node: reached(node) for node in arrows}
    return {
        frozenset({node, *(other for other in beyond[node] if node in beyond.get(other, ()))})
        for node in arrows
        if node in beyond[node]
    }


def wing_of(name: Name) -> Name:
    """The first two folders: `("results", "store")`; a layer's own modules belong to the layer."""
    return name[:2] if name[:2] in PACKAGES else name[:1]


def spelt(name: Name) -> str:
    return ".".join(name)


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    for found in product_imports():
        if found.importer[0] == layer:
            assert found.target[0] in ALLOWED[layer], found


def test_results_stand_on_the_ground_floor_and_a_registry_of_their_own() -> None:
    names = {(found.target, found.name) for found in product_imports() if found.importer[0] == "results"}
    upper = {name for target, name in names if target[0] == "registry" and target[:2] != ("registry", "base")}
    assert upper <= {"FIELDS", "Plugin", "budget_of"}


def test_wings_import_each_other_in_no_circle() -> None:
    arrows: dict[Name, set[Name]] = {}
    for found in product_imports():
        old, new = wing_of(found.importer), wing_of(found.target)
        if old != new:
            arrows.setdefault(old, set()).add(new)
    assert {" <-> ".join(sorted(map(spelt, circle))) for circle in circles(arrows)} == set()


def test_modules_import_each_other_in_no_circle() -> None:
    arrows: dict[Name, set[Name]] = {}
    for found in product_imports():
        if found.eager:
            arrows.setdefault(found.importer, set()).add(defining(found.target, found.name))
    assert {frozenset(map(spelt, circle)) for circle in circles(arrows)} == set()


def test_a_module_is_imported_directly_only_from_inside_its_package() -> None:
    past = {
        f"{spelt(found.importer)} -> {spelt(found.target)}"
        for found in product_imports()
        if found.target not in PACKAGES and found.importer[: len(found.target) - 1] != found.target[:-1]
        if face(found.target[:-1]).get(found.target[-1]) != found.target  # a face may export a module itself
    }
    assert past == set()


def test_imports_are_absolute_across_packages_and_relative_inside_one() -> None:
    for found in product_imports():
        inside = found.importer[0] == found.target[0]
        plugins = found.importer in PACKAGES and not found.level  # a package that registers plugins names them by path
        assert (found.level > 0) == inside or plugins, found


def test_what_is_imported_from_a_face_is_exported_by_it() -> None:
    missing = {
        f"{spelt(found.importer)}: {spelt(found.target)}.{found.name}"
        for found in product_imports()
        if found.name and found.target in WINGS and found.importer != found.target
        if found.name not in face(found.target)
    }
    assert missing == set()


def test_faces_export_only_what_someone_outside_uses() -> None:
    stubs = {package: ROOT.joinpath(*package, "__init__.pyi") for package in PACKAGES}
    others = [(path, ("tests", path.stem)) for path in (ROOT / "tests").rglob("*.py")]
    others += [(stub, (*package, "__init__")) for package, stub in stubs.items() if stub.exists()]
    used: set[tuple[Name, str]] = set()
    for found in chain(product_imports(), *(imports_of(path, name) for path, name in others)):
        target, name = (found.target, found.name) if found.name else (found.target[:-1], found.target[-1])
        if found.importer[: len(target)] != target:
            used.add((target, name))
    unused = {f"{spelt(wing)}.{name}" for wing in WINGS for name in face(wing) if (wing, name) not in used}
    assert {name for name in unused if name.rpartition(".")[0] not in PUBLIC} == set()


@pytest.mark.parametrize("wing", WINGS, ids=spelt)
def test_no_exported_name_is_a_modules(wing: Name) -> None:
    modules = {name[-1] for name in MODULES if name[:-1] == wing}
    assert {name for name, inner in face(wing).items() if inner != (*wing, name)} & modules == set()


@pytest.mark.parametrize("package", sorted(PACKAGES), ids=spelt)
def test_every_package_says_what_lives_in_it(package: Name) -> None:
    said = ast.get_docstring(tree_of(MODULES[package])) or ""
    assert len(said.splitlines()) >= SHORTEST_FACE


def test_files_and_functions_are_short() -> None:
    files = {spelt(name) for name, path in MODULES.items() if len(path.read_text().splitlines()) > LONGEST_FILE}
    functions = {
        f"{spelt(name)}.{node.name}"
        for name, path in MODULES.items()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert files | functions == set()


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
            assert "pickle.Unpickler" not in text or path.stem == "plain_pickle", path
            assert not re.search(r"torch\.load\(|torch\.save\(", text) or path.stem == "foreign_checkpoints", path
