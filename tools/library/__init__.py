"""The package `provbench` itself: the names that stay, for programs that use provbench as a library.

`from provbench import guidance_loss` imports neither mmengine, wandb nor optuna, and torch only once it is used.
README.md of this folder says what each name is for, and how long it stays. Everything else may change between versions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provbench.registry import (
        AUGMENTATIONS as AUGMENTATIONS,
        REGULARIZERS as REGULARIZERS,
        Augmentation as Augmentation,
        Batch as Batch,
        Regularizer as Regularizer,
        Source as Source,
        Synthesizer as Synthesizer,
        UserError as UserError,
        classification_loss as classification_loss,
        double_differentiable as double_differentiable,
    )
    from provbench.registry.regularizers.guidance import guidance_loss as guidance_loss
    from provbench.results import (
        load as load,
        load_published as load_published,
        load_records as load_records,
        paired_t_test as paired_t_test,
    )
    from provbench.results.figures import (
        convergence_figure as convergence_figure,
        cost_figure as cost_figure,
        sweep_figure as sweep_figure,
    )

HOMES = {
    "provbench.registry": (
        "AUGMENTATIONS",
        "REGULARIZERS",
        "Augmentation",
        "Batch",
        "Regularizer",
        "Source",
        "Synthesizer",
        "UserError",
        "classification_loss",
        "double_differentiable",
    ),
    "provbench.registry.regularizers.guidance": ("guidance_loss",),
    "provbench.results": ("load", "load_published", "load_records", "paired_t_test"),
    "provbench.results.figures": ("convergence_figure", "cost_figure", "sweep_figure"),
}
"""The names of each package that are exported here."""

__version__: str
__all__ = sorted(name for names in HOMES.values() for name in names)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("provbench")
    home = next((home for home, names in HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module 'provbench' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
