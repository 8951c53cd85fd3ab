"""The training parameters that every task has, and what bounds a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from .params import Params, added, tunable

BUDGETS = ("steps", "samples", "seconds")
"""Parameters of a recipe that, where one is set, take the place of `epochs`."""

SIZES = ("epochs", *BUDGETS)


class Recipe(Params):
    """Training parameters that every task has. Tasks add their own by inheritance."""

    model: str = Field(description="registered model name")
    epochs: int = Field(10, ge=1)
    batch_size: int = Field(32, ge=1)
    accumulate: int = Field(1, ge=1, description="batches whose gradients are added up before a step")
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = tunable(0.01, low=1e-5, high=1e-1, log=True, gt=0, description="learning rate of the backbone")
    head_lr_scale: float = Field(1.0, gt=0, description="learning rate of the new layers, in units of lr")
    layer_decay: float = added(
        1.0, gt=0, le=1, description="learning rate of each layer in units of the next one's, in networks of layers"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="of SGD")
    nesterov: bool = Field(True, description="momentum in Nesterov's form")
    weight_decay: float = tunable(5e-4, low=1e-6, high=1e-2, log=True, ge=0)
    sampling: Literal["uniform", "group-balanced"] = added(
        "uniform", description="uniform: passes over the training data; group-balanced: each group equally often"
    )
    schedule: Literal["constant", "cosine", "step", "wsol-step"] = Field(
        "cosine",
        description="step: lr is multiplied by 0.1 after every step_epochs epochs; wsol-step: before the epochs "
        "step_epochs, 2 step_epochs, … counted from 1, which is one epoch earlier",
    )
    step_epochs: int = Field(15, ge=1, description="of schedule step and wsol-step")
    warmup_epochs: int = Field(0, ge=0, description="linear warm-up, by steps, from lr/1000 or min_lr")
    min_lr: float | None = added(
        None, ge=0, description="learning rate at which warm-up begins and cosine ends; null: lr/1000 and 0"
    )
    label_smoothing: float = added(0.0, ge=0, lt=1, description="share of the label that is spread over all classes")
    real_weight: float | None = added(
        None,
        ge=0,
        le=1,
        description="weight of the real samples' mean loss, the rest being that of the synthetic ones'; null: one mean",
    )
    clip_grad_norm: float | None = Field(None, gt=0, description="clip the gradient's L2 norm")
    precision: Literal["fp32", "bf16", "fp16"] = Field("fp32", description="autocast of the training step")
    penalty_precision: Literal["amp", "fp32"] = added(
        "amp",
        when={"precision": ["bf16"]},
        description="of steps whose penalty differentiates twice; amp: as the others under bf16, FP32 under fp16",
    )
    checkpoint: Literal["last", "best"] = Field("last", description="which epoch is tested; best: by val metric")
    val_every: int = Field(1, ge=1, description="epochs between validations; the last epoch is always validated")
    image_size: int = Field(224, ge=16, description="side of the model's input in pixels")
    reliance: int = added(
        0, ge=0, description="images of val and of test whose backgrounds and targets are exchanged; 0: none"
    )
    test_curve: bool = added(
        False, description="score the test split at each validation of a final run, too, for tables' other epoch rules"
    )
    gradient_probe: int = Field(
        32, ge=0, description="val samples, mixed, on which the input gradient outside of the targets is measured"
    )
    penalty_probe: int = added(
        50,
        ge=0,
        description="steps between measurements of the penalties' share of the parameter gradient; 0: none",
    )
    steps: int | None = added(
        None, ge=1, description="batches in all, instead of epochs; the schedule, in parts of its epochs, spans them"
    )
    samples: int | None = added(None, ge=1, description="training samples in all, instead of epochs")
    seconds: float | None = added(
        None, gt=0, description="of training steps, validations not counted, instead of epochs; no two runs are equal"
    )
    validations: int = added(
        20, ge=1, description="spread evenly over a budget of steps, samples or seconds; under epochs, see val_every"
    )

    @model_validator(mode="after")
    def _one_budget(self) -> Recipe:
        given = [name for name in BUDGETS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are given: a run has one budget")
        return self


def budget_of(params: Mapping[str, Any]) -> tuple[str, float]:
    """Returns what bounds a run, one of `SIZES`, and how much of it: from the parameters of a recipe."""
    unit = next((name for name in BUDGETS if params.get(name) is not None), "epochs")
    return unit, params.get(unit, 0)


def periods_of(params: Mapping[str, Any]) -> int:
    """Returns into how many periods a run's training is divided: its epochs, or under another budget its validations.

    A period is what hooks, checkpoints, reports and curves call an epoch.
    """
    unit, size = budget_of(params)
    if unit == "epochs":
        return int(size)
    validations = int(params["validations"])
    return validations if unit == "seconds" else min(validations, steps_of(params))


def steps_of(params: Mapping[str, Any]) -> int:
    """Returns the batches of a run under a budget of steps or samples. A batch that is begun counts whole."""
    unit, size = budget_of(params)
    return int(size) if unit == "steps" else -(-int(size) // int(params["batch_size"]))
