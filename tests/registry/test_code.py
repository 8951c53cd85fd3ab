"""The digest of a plugin's source: of the file that defines it, and of what it is built on beside it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from provbench.registry import AUGMENTATIONS, MODELS, Registry
from provbench.registry.code import file_name, source_digest, source_files


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with a class whose base is in another file of it, a function, and a decorated one."""
    folder = tmp_path / "coded_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "base.py").write_text("class Base: ...\n")
    (folder / "plugin.py").write_text(
        "import functools\nfrom .base import Base\nfrom provbench.registry import Augmentation\n"
        "class Derived(Base, Augmentation): ...\n"
        "def build(size): return size\n"
        "@functools.wraps(build)\ndef wrapped(size): return build(size)\n"
        "class Callable:\n    def __call__(self): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("coded_package.plugin")
    for name in [name for name in sys.modules if name.startswith("coded_package")]:
        del sys.modules[name]


def test_of_a_function_however_it_is_wrapped(package: ModuleType) -> None:
    assert package.__file__ is not None
    file = Path(package.__file__)
    for plugin in (package.build, package.wrapped, functools.partial(package.build, 3), package.Callable()):
        assert source_digest(plugin) == digest(file)
        assert file_name(plugin) == "plugin.py"


def test_base_classes_of_the_package_count_and_those_of_provbench_do_not(package: ModuleType) -> None:
    assert package.__file__ is not None
    file = Path(package.__file__)
    assert source_files(package.Derived) == [file, file.with_name("base.py")]
    both = "\n".join([digest(file), digest(file.with_name("base.py"))])
    assert source_digest(package.Derived) == sha256(both.encode()).hexdigest()


def test_of_a_built_in_plugin() -> None:
    plugin = AUGMENTATIONS.get("cutmix")
    assert file_name(plugin) == "cutmix.py"
    assert source_digest(plugin) == digest(source_files(plugin)[0])


@pytest.mark.parametrize("plugin", [len, dict, type("Typed", (), {})])
def test_what_has_no_file_has_no_digest(plugin: object) -> None:
    assert source_digest(plugin) == "" or plugin.__module__ == __name__


def test_a_version_is_an_attribute_of_a_class_or_a_function() -> None:
    registry = Registry("toy")

    class Net:
        version = "3"

    def build() -> None: ...

    build.version = 4  # pyright: ignore[reportFunctionMemberAccess]

    class Odd:
        @property
        def version(self) -> str:
            return "not the class's"

    for name, target in {"net": Net, "build": build, "odd": Odd, "plain": lambda: None}.items():
        registry.add(name, target)
    registry.add("given", Net, version="5")
    registry.add("lazy", "provbench.no_such_module:X", version="6")  # and is not imported for it
    found = {name: registry.version(name) for name in registry}
    assert found == {"net": "3", "build": "4", "odd": "1", "plain": "1", "given": "5", "lazy": "6"}


def test_built_in_models_have_the_version_of_their_registration() -> None:
    for name in (name for name in MODELS if MODELS.entry(name).built_in):
        before = MODELS.version(name)
        assert str(vars(MODELS.get(name)).get("version", before)) == before


def test_built_in_plugins_have_the_version_of_their_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AUGMENTATIONS.get("cutmix"), "version", "7", raising=False)
    assert AUGMENTATIONS.version("cutmix") == "7"
