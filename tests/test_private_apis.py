"""The private parts of other libraries that provbench stands on: all of them are here, and are still there."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import cast

import pytest

from .test_architecture import LAYERS, ROOT, sources

PRIVATE = {
    "optuna.storages.journal._file.get_lock_file": "suites/search/journal.py",
    "optuna.storages.journal.JournalFileBackend._lock": "suites/search/journal.py",
    "optuna.distributions.CategoricalDistribution._contains": "suites/search/spaces.py",
    "optuna.trial.Trial._trial_id": "suites/search/study.py",
    "optuna.trial.Trial._suggest": "tools/bench/orchestration.py",
    "torch.utils.data.dataloader._MultiProcessingDataLoaderIter": "benchmarks/training/data.py",
    "torch.utils.data.dataloader._MultiProcessingDataLoaderIter._shutdown_workers": "benchmarks/training/data.py",
    "torch.utils.data.DataLoader._iterator": "benchmarks/training/data.py",
    "torch.utils.data.dataloader._BaseDataLoaderIter": "tools/bench/steps.py",
    "torch.nn.modules.batchnorm._BatchNorm": "benchmarks/training/distributed.py",
    "torch.nn.modules.batchnorm._NormBase": "benchmarks/training/rerun.py",
    "mmengine.utils.ManagerMixin._instance_dict": "benchmarks/training/runner.py",
    "mmcv._ext": "benchmarks/ucf101_24/openmmlab.py",
}
"""By name; where each is used."""
PUBLIC = {"_exit", "_replace", "_asdict"}
"""What is documented although its name begins with an underscore."""
SET_WHEN_MADE = {"_lock", "_trial_id", "_iterator", "_instance_dict"}
"""Attributes that objects get when they are made: their names stand in the sources of their classes."""


def resolve(name: str) -> object:
    """The object of a dotted name, or the class whose instances have it."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part) and part in SET_WHEN_MADE and part in inspect.getsource(cast(type, found)):
                return found
            found = getattr(found, part)
        return found
    raise ImportError(name)


@pytest.mark.parametrize("name", [name for name in PRIVATE if name != "mmcv._ext"])  # which we put there ourselves
def test_what_is_private_is_still_there(name: str) -> None:
    assert resolve(name) is not None


def own_names() -> set[str]:
    """The private names that provbench's own code defines."""
    text = "\n".join(path.read_text() for layer in LAYERS for path in sources(layer))
    return set(re.findall(r"(?:def |class |self\.|^\s*)(_[a-z]\w*)", text, re.MULTILINE | re.IGNORECASE))


def used_in(path: Path) -> set[str]:
    """The private names of others that a module uses."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and not node.level and not str(node.module).startswith("provbench"):
            found |= {name for name in (*str(node.module).split("."), *(a.name for a in node.names)) if name[0] == "_"}
        elif isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            found.add(node.attr)
    return {name for name in found if re.match(r"_[a-zA-Z]", name)}


def test_no_other_private_part_is_used() -> None:
    known = {part for name in PRIVATE for part in name.split(".")} | own_names() | PUBLIC
    unknown = {(str(path), name) for layer in LAYERS for path in sources(layer) for name in used_in(path) - known}
    assert unknown == set()


def test_each_is_used_where_the_list_says() -> None:
    for name, file in PRIVATE.items():
        assert name.rpartition(".")[2] in (ROOT / file).read_text(), name
