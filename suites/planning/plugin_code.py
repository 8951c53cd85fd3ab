"""Provenance of the code: origin and digest of every plugin in use, and a check against the code loaded now."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from provbench.registry import (
    AUGMENTATIONS,
    BUILT_IN,
    MODELS,
    REGISTRIES,
    REGULARIZERS,
    SYNTHESIZERS,
    TASKS,
    Registration,
    Registry,
    file_name,
    is_file,
    source_digest,
)
from provbench.registry.base import atomic_file, one_line
from provbench.results.store import PluginCode, RunRecord

from .spec import RunSpec

_BY_KIND = {registry.kind: registry for registry in REGISTRIES.values()}


CODE_FILE = ".code.json"
"""File in a working folder with the digests of the plugins that wrote its contents."""


class OtherCode(NamedTuple):
    """A record that code of a plugin made which is not loaded now. title: what the code is called."""

    record: RunRecord
    title: str


def code_of(spec: RunSpec) -> dict[str, PluginCode]:
    """The code of a run's task, method, network and gradient probe by kind and name, as `augmentation cutmix`."""
    return {f"{registry.kind} {name}": loaded_code(registry, name) for registry, name in _used(spec)}


def loaded_code(registry: Registry, name: str) -> PluginCode:
    """The code that is registered under a name."""
    plugin, entry = registry.get(name), registry.entry(name)
    return PluginCode(
        version=registry.version(name), origin=_origin(entry), file=file_name(plugin), sha256=source_digest(plugin)
    )


def _origin(entry: Registration) -> str:
    """Returns the origin without folders, which mean nothing elsewhere. A plugin that a program registered itself comes
    from its module.
    """
    if entry.origin == BUILT_IN and not entry.built_in:
        return str(getattr(entry.target, "__module__", ""))
    return Path(entry.origin).name if is_file(entry.origin) else entry.origin


def _used(spec: RunSpec) -> Iterator[tuple[Registry, str]]:
    yield TASKS, spec.task.name
    probe = TASKS.get(spec.task.name).probe
    if probe and spec.task.params.get("gradient_probe"):
        yield AUGMENTATIONS, probe
    if spec.synthesizer is not None:
        yield SYNTHESIZERS, spec.synthesizer.name
        yield from SYNTHESIZERS.build(spec.synthesizer.name, **spec.synthesizer.params).composition()
    if spec.augmentation is not None:
        yield AUGMENTATIONS, spec.augmentation.name
    for part in spec.regularizers:
        yield REGULARIZERS, part.name
    network = str(spec.task.params.get("model", ""))
    if network in MODELS:  # a task may have networks of its own
        yield MODELS, network


def foreign(code: Mapping[str, PluginCode]) -> dict[str, PluginCode]:
    """Returns the plugins that are not built in. Built-in ones change with every version of provbench, and their
    `version` marks a change of results.
    """
    return {name: one for name, one in code.items() if one.origin != BUILT_IN}


def keep_to_code(folder: Path, code: Mapping[str, PluginCode]) -> None:
    """Empty a working folder that plugins left which have other code now: half a training by each is no run.

    A folder that does not say what code it is of is left as it is.
    """
    file = folder / CODE_FILE
    now = json.dumps({name: one.sha256 for name, one in foreign(code).items()}, sort_keys=True)
    if file.is_file() and file.read_text(encoding="utf-8") != now:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif not path.name.startswith(".lock"):  # which this process holds
                path.unlink()
    with atomic_file(file) as new:
        new.write(now.encode())


def other_code(records: Iterable[RunRecord]) -> list[OtherCode]:
    """Returns the records of plugins whose code has changed since; not those that do not say what made them."""
    found = []
    for record in records:
        titles = {_title(was) for name, was in foreign(record.plugins).items() if _differs(name, was)}
        found += [OtherCode(record, title) for title in sorted(titles)]
    return found


def _differs(name: str, was: PluginCode) -> bool:
    kind, _, plugin = name.partition(" ")
    registry = _BY_KIND.get(kind)
    if registry is None or plugin not in registry:
        return False
    now = loaded_code(registry, plugin)
    return bool(was.sha256 and now.sha256) and was.sha256 != now.sha256


def _title(code: PluginCode) -> str:
    """`my_plugins.py`, or `mixing.py of some-package 1.2`."""
    title = code.file or code.origin
    return one_line(title if title == code.origin else f"{title} of {code.origin}")


def code_notes(found: Iterable[OtherCode]) -> list[str]:
    """`other_code` in words, one line for each file, with the remedy; trials and final runs apart."""
    groups: defaultdict[tuple[str, str], dict[str, RunRecord]] = defaultdict(dict)
    for record, title in found:
        groups[title, record.phase][record.key] = record
    return [_note(title, phase, list(records.values())) for (title, phase), records in sorted(groups.items())]


def _note(title: str, phase: str, records: list[RunRecord]) -> str:
    many = len(records) > 1
    what = f"{len(records)} record{'s' if many else ''}{' of trials' if phase == 'search' else ''}"
    if phase == "search":
        remedy = "raise the version in it to search again"
    else:
        methods = " ".join(f"--rerun '{method}'" for method in sorted({record.method for record in records}))
        remedy = f"`provbench run` with {methods} makes {'them' if many else 'it'} again"
    return f"{what} {'were' if many else 'was'} made by another {title}, which was changed since: {remedy}."


def changes_of_code(before: RunRecord, after: RunRecord) -> list[str]:
    """The plugins whose code differs between two records of one run, built-in ones too, in words."""
    return [
        f"the {name} of another {_title(was)} (SHA-256 {was.sha256[:12]}…), now {now.sha256[:12]}…"
        for name, was in before.plugins.items()
        if (now := after.plugins.get(name)) and was.sha256 and now.sha256 and was.sha256 != now.sha256
    ]
