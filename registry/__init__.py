"""The plugin system and the provenance contract: what plugin authors import.

>>> from provbench.registry import AUGMENTATIONS
>>> "cutmix" in AUGMENTATIONS
True
"""

from .contracts import (
    Augmentation,
    Batch,
    Regularizer,
    Source,
    Synthesizer,
    TrainingSet,
    classification_loss,
)
from .core import (
    AUGMENTATIONS,
    EXECUTORS,
    MODELS,
    REGISTRIES,
    REGULARIZERS,
    SYNTHESIZERS,
    TASKS,
    TRACKERS,
    Plugin,
    Registry,
    load_plugins,
)
from .errors import MissingDataError, UnknownNameError, UserError
from .params import Params, SearchSpace, search_spaces, tunable, validate_params
from .task import Metric, Recipe, Scores, Task, TaskInfo

__all__ = [
    "AUGMENTATIONS",
    "EXECUTORS",
    "MODELS",
    "REGISTRIES",
    "REGULARIZERS",
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
    "Synthesizer",
    "Task",
    "TaskInfo",
    "TrainingSet",
    "UnknownNameError",
    "UserError",
    "classification_loss",
    "load_plugins",
    "search_spaces",
    "tunable",
    "validate_params",
]
