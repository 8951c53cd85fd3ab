"""The plugin system and the provenance contract: what plugin authors import.

>>> from provbench.registry import AUGMENTATIONS
>>> "cutmix" in AUGMENTATIONS
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .contracts import (
        Augmentation,
        Batch,
        Regularizer,
        Source,
        Step,
        Synthesizer,
        TrainingSet,
        classification_loss,
    )
    from .core import (
        AUGMENTATIONS,
        EXECUTORS,
        MODELS,
        PRUNERS,
        REGISTRIES,
        REGULARIZERS,
        SAMPLERS,
        SYNTHESIZERS,
        TASKS,
        TRACKERS,
        Plugin,
        Registry,
        load_plugins,
    )
    from .errors import MissingDataError, UnknownNameError, UserError
    from .params import Params, SearchSpace, added, implied, search_spaces, tunable, validate_params
    from .task import Metric, Recipe, Scores, Task, TaskInfo

__all__ = [
    "AUGMENTATIONS",
    "EXECUTORS",
    "MODELS",
    "PRUNERS",
    "REGISTRIES",
    "REGULARIZERS",
    "SAMPLERS",
    "SYNTHESIZERS",
    "TASKS",
    "TRACKERS",
    "Augmentation",
    "Batch",
    "Metric",
    "MissingDataError",
    "Params",
    "Plugin",
    "Recipe",
    "Registry",
    "Regularizer",
    "Scores",
    "SearchSpace",
    "Source",
    "Step",
    "Synthesizer",
    "Task",
    "TaskInfo",
    "TrainingSet",
    "UnknownNameError",
    "UserError",
    "added",
    "classification_loss",
    "implied",
    "load_plugins",
    "search_spaces",
    "tunable",
    "validate_params",
]

# Each name is imported at its first use: the command line needs the errors at once, and pydantic (0.3 s) only later.
_HOMES = {
    "Augmentation": "contracts",
    "Batch": "contracts",
    "Regularizer": "contracts",
    "Source": "contracts",
    "Step": "contracts",
    "Synthesizer": "contracts",
    "TrainingSet": "contracts",
    "classification_loss": "contracts",
    "AUGMENTATIONS": "core",
    "EXECUTORS": "core",
    "MODELS": "core",
    "PRUNERS": "core",
    "REGISTRIES": "core",
    "REGULARIZERS": "core",
    "SAMPLERS": "core",
    "SYNTHESIZERS": "core",
    "TASKS": "core",
    "TRACKERS": "core",
    "Plugin": "core",
    "Registry": "core",
    "load_plugins": "core",
    "MissingDataError": "errors",
    "UnknownNameError": "errors",
    "UserError": "errors",
    "Params": "params",
    "SearchSpace": "params",
    "added": "params",
    "implied": "params",
    "search_spaces": "params",
    "tunable": "params",
    "validate_params": "params",
    "Metric": "task",
    "Recipe": "task",
    "Scores": "task",
    "Task": "task",
    "TaskInfo": "task",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
