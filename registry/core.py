"""The plugin system: one registry for each kind of plugin, lazy, with third-party plugins as well as built-in ones.

mmengine's `Registry` was the first choice and is not used: importing it imports torch (2 s and more, where listing
names should take none), it knows no lazy targets, and it lets `force=True` replace a built-in. Here a registration is
a name and a target as entry points write it (`package.module:Class`), imported at first use.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, ClassVar, TypeVar

from pydantic import ValidationError

from .base import UnknownNameError, UserError, describe_issues
from .code import ROOT, loaded
from .params import Params

logger = logging.getLogger(__name__)
T = TypeVar("T", bound=type)

GROUP = "provbench.plugins"
BUILT_IN = "provbench"
"""The origin of what comes with provbench."""
PLUGIN_HINT = "What is not built in is loaded by --plugin FILE, or by plugins: [FILE] in the suite."
BUILTINS = (
    "registry.builtins",
    "benchmarks",
    "suites.search",
    "suites.executors",
    "suites.trackers",
    "results.tables.fields",
)
"""Modules of provbench that register its own plugins. Names, not imports: the layers above stay above."""


DEFAULT_VERSION = "1"


class Plugin:
    """Base of all plugins: a registered name, a version, a typed parameter model, and its parameters.

    `version` is part of every run key: raise it when the same parameters would give other results.
    """

    name: ClassVar[str] = ""
    version: ClassVar[str] = DEFAULT_VERSION
    Params: ClassVar[type[Params]] = Params

    def __init__(self, params: Any = None, /, **values: Any) -> None:
        self.params: Any = self.Params(**values) if params is None else params

    @classmethod
    def summary(cls) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]


@dataclass(frozen=True)
class Registration:
    """A registration: where it points to, who made it, and the version that was given with it, if any."""

    name: str
    target: str | Callable[..., Any]
    origin: str
    version: str = ""

    @property
    def built_in(self) -> bool:
        """Returns whether the code is part of provbench."""
        module = self.target.partition(":")[0] if isinstance(self.target, str) else self.target.__module__
        return module.startswith(f"{ROOT}.")


class Registry:
    """Plugins of one kind by name.

    Looking a name up or listing the names loads the built-in and the installed third-party registrations first. A name
    that is taken is refused (`UserError` naming both origins), so that a plugin never silently replaces a built-in one.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Registration] = {}

    def add(self, name: str, target: str | Callable[..., Any], *, origin: str | None = None, version: str = "") -> None:
        """Register `target`, a class (of models, any callable that builds one) or `"package.module:Class"`.

        version: default: the target's attribute `version`, else "1".
        """
        origin = origin or _origin.current
        taken = self._entries.get(name)
        if taken is not None and _same_target(taken.target, target):
            return
        if taken is not None:
            raise UserError(
                f"{self.kind} {name!r} of {origin} is already registered by {taken.origin}: give it another name"
            )
        self._entries[name] = Registration(name, target, origin, version)

    def register(self, name: str) -> Callable[[T], T]:
        """Class decorator: `@AUGMENTATIONS.register("cutmix")`."""

        def decorate(cls: T) -> T:
            self.add(name, cls)
            return cls

        return decorate

    def names(self) -> list[str]:
        """Every registered name, sorted. Imports no plugin."""
        load_plugins()
        return sorted(self._entries)

    def entry(self, name: str) -> Registration:
        """The registration of `name`; `UnknownNameError` with the nearest names otherwise."""
        load_plugins()
        if name not in self._entries:
            raise UnknownNameError(self.kind, name, self._entries, PLUGIN_HINT)
        return self._entries[name]

    def get(self, name: str) -> Any:
        """The plugin registered as `name`, imported now if it was not yet, with its `name` set."""
        entry = self.entry(name)
        plugin: Any
        if not isinstance(entry.target, str):
            plugin = entry.target
        else:
            with import_errors(f"{self.kind} {name!r} of {entry.origin}: cannot load {entry.target}"):
                plugin = _import_target(entry.target)
            self._entries[name] = replace(entry, target=plugin)
        if isinstance(plugin, type) and issubclass(plugin, Plugin) and plugin.__dict__.get("name") != name:
            plugin.name = name
        return plugin

    def version(self, name: str) -> str:
        """The version of a plugin: what it was registered with, else its attribute `version`, else "1"."""
        registered = self.entry(name).version
        if registered:
            return registered
        version = getattr(self.get(name), "version", DEFAULT_VERSION)
        return str(version) if isinstance(version, (str, int)) else DEFAULT_VERSION

    def build(self, name: str, /, **values: Any) -> Any:
        """Returns an instance of the plugin with these parameters; a `UserError` names those that it cannot have."""
        plugin = self.get(name)
        try:
            return plugin(**values)
        except ValidationError as error:
            known = getattr(plugin, "Params", Params)
            raise UserError("\n".join(describe_issues(error, f"{self.kind} {name}", known))) from None

    def __contains__(self, name: object) -> bool:
        load_plugins()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())


class ModelRegistry(Registry):
    """Networks by name. Importing a built-in one imports torch, so its version stands in its registration only."""

    def version(self, name: str) -> str:
        entry = self.entry(name)
        return entry.version or DEFAULT_VERSION if entry.built_in else super().version(name)


def _same_target(one: str | Callable[..., Any], other: str | Callable[..., Any]) -> bool:
    def spell(target: str | Callable[..., Any]) -> str:
        return target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}"

    return spell(one) == spell(other)


class _Origin:
    """The package or file that is registering now: shown by `provbench list` and in messages about names that clash."""

    current = BUILT_IN


_origin = _Origin()
_loaded: set[str] = set()


def load_plugins(extra: tuple[str, ...] = ()) -> None:
    """Import the built-in registrations, those of installed packages (entry points `provbench.plugins`), and `extra`.

    extra: importable module names, or paths of `.py` files. Each is imported once in a process.
    Raises `UserError` naming the plugin that cannot be imported, or that ends the process instead.
    """
    for name in BUILTINS:
        _load_once(f"{ROOT}.{name}", BUILT_IN, lambda name=name: importlib.import_module(f"{ROOT}.{name}"))
    if GROUP not in _loaded:
        for point in entry_points(group=GROUP):
            origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
            _load_once(f"{GROUP}:{point.name}={point.value}", origin, point.load)
        _loaded.add(GROUP)  # only now: a plugin that cannot be loaded is an error every time, not only the first
    for name in extra:
        key = str(Path(name).resolve()) if is_file(name) else name
        _load_once(key, name, lambda name=name: _import_extra(name), shown=name)


def _load_once(key: str, origin: str, load: Callable[[], object], shown: str = "") -> None:
    if key in _loaded:
        return
    _loaded.add(key)
    logger.debug("loads the plugins of %s", shown or key)
    outer, _origin.current = _origin.current, origin
    try:
        with import_errors(f"cannot load plugin {shown or key}"):
            load()
    except BaseException:
        _loaded.discard(key)
        raise
    finally:
        _origin.current = outer


@contextmanager
def import_errors(what: str) -> Iterator[None]:
    """Turn whatever code of others raises when it is imported into a `UserError` that begins with `what`.

    So it is where that code ends the process, as a script does; only Ctrl-C stays what it is.
    """
    try:
        yield
    except (UserError, KeyboardInterrupt):
        raise
    except SystemExit as stop:
        remedy = 'a plugin is imported, so what a script does goes below `if __name__ == "__main__":`'
        raise UserError(f"{what}: it called sys.exit({exit_code(stop)}); {remedy}") from stop
    except BaseException as error:
        raise UserError(f"{what}: {type(error).__name__}: {error}") from error


def exit_code(stop: SystemExit) -> object:
    """Returns the argument of `sys.exit`, or 0 if there was none."""
    return 0 if stop.code is None else stop.code


def is_file(plugin: str) -> bool:
    """Returns whether a plugin is named by its file's path rather than as a module."""
    return plugin.endswith(".py") or "/" in plugin


def _import_extra(name: str) -> ModuleType:
    return _import_path(Path(name)) if is_file(name) else importlib.import_module(name)


def _import_target(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


class _SourceLoader(SourceFileLoader):
    """Compiles the file as it is. Bytecode that was kept would pass for that of a file edited within a second."""

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path)
        loaded[Path(self.path).resolve()] = hashlib.sha256(source).hexdigest()
        return self.source_to_code(source, self.path)


def _import_path(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"cannot load plugin {path}: no such file")
    if path.suffix != ".py":
        raise UserError(f"cannot load plugin {path}: not a Python file")
    name = f"provbench_plugin_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_SourceLoader(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


TASKS = Registry("task")
AUGMENTATIONS = Registry("augmentation")
SYNTHESIZERS = Registry("synthesizer")
REGULARIZERS = Registry("regularizer")
MODELS = ModelRegistry("model")
SAMPLERS = Registry("sampler")
PRUNERS = Registry("pruner")
EXECUTORS = Registry("executor")
TRACKERS = Registry("tracker")
FIELDS = Registry("field")
"""Statistics that a table can show."""

CONTEXTS = Registry("context")
TUNERS = Registry("tuner")
PROMPTS = Registry("prompt policy")
IMAGE_SAMPLERS = Registry("image sampler")
FILTERS = Registry("filter")
LABELS = Registry("label rule")
GENERATORS = Registry("generator")
"""The seven seams of the synthesizer `generated`."""

REGISTRIES: dict[str, Registry] = {
    "tasks": TASKS,
    "augmentations": AUGMENTATIONS,
    "synthesizers": SYNTHESIZERS,
    "regularizers": REGULARIZERS,
    "models": MODELS,
    "samplers": SAMPLERS,
    "pruners": PRUNERS,
    "executors": EXECUTORS,
    "trackers": TRACKERS,
    "fields": FIELDS,
    "contexts": CONTEXTS,
    "tuners": TUNERS,
    "prompts": PROMPTS,
    "image-samplers": IMAGE_SAMPLERS,
    "filters": FILTERS,
    "labels": LABELS,
    "generators": GENERATORS,
}
