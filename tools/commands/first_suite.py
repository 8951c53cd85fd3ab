"""The text of a first suite on a user's own images, with defaults that suit what was found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provbench.benchmarks.own_images import Survey

SMALL = 96
"""Shorter side, in pixels, up to which images are small: a pretrained network gains nothing there."""
STEPS = "{steps: 1000, validations: 20}"
PRETRAINED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "resnet50": (STEPS, {"weights": "IMAGENET1K_V1", "batch_size": 32}),
    "resnet18": (STEPS, {"weights": "IMAGENET1K_V1", "batch_size": 32}),
    "efficientnet-lite0": (
        "{steps: 60, validations: 12}",
        {"weights": "IMAGENET1K_TF", "image_size": 96, "resize": 108, "batch_size": 16, "lr": 0.003},
    ),
}
"""Networks with budget and recipe, of which the first is chosen whose weights are there. The last suits a CPU."""
SWAP = "{name: background-swap}"
CUTMIX = "{name: cutmix, prob: 0.5}"
GUIDANCE = "[{name: gradient-guidance, alpha: 0.03}]"
RELIANCE = 100
"""Images of val and of test on which reliance is measured."""


@dataclass(frozen=True)
class Choice:
    """The network of a first suite, with its recipe. why: the reason in words."""

    params: dict[str, Any]
    budget: str
    seeds: str
    why: str

    @property
    def model(self) -> str:
        return self.params["model"]


def choose(survey: Survey, weights_dir: Path) -> Choice:
    """Returns a pretrained network whose weights are there, if the images are large enough, else a tiny one.

    The tiny one begins from the weights that ship with provbench, although they are of drawn pictures: tried on 120
    photographs of four kinds of animals and 120 drawn birds of three (seeds 100 and 101, validation accuracy), it
    reached 83, 78, 100 and 100 %, and from random weights at three times the learning rate 78, 72, 83 and 72 %.
    """
    from provbench.benchmarks.common import missing_weights

    small = min(survey.middle) <= SMALL
    for model, (budget, params) in PRETRAINED.items():
        if not small and not missing_weights(model, params["weights"], weights_dir):
            return Choice({"model": model, **params}, budget, "[0, 1, 2]", "its pretrained weights are there")
    params = {
        "model": "tiny-cam",
        "weights": "MINI_WORLD",
        "image_size": 64,
        "resize": 72,
        "batch_size": 16,
        "optimizer": "adamw",
        "lr": 0.001,
        "head_lr_scale": 1.0,
        "weight_decay": 0.01,
    }
    why = "the images are small" if small else f"no weights of {', '.join(PRETRAINED)} are in {weights_dir}"
    return Choice(params, "{steps: 240, validations: 12}", "[0, 1, 2]", why)


def methods_of(survey: Survey) -> dict[str, dict[str, str]]:
    """Returns the methods that suit the images, as lines of YAML by key."""
    swap = {
        "background-swap": {"label": "background swap", "synthesizer": SWAP},
        "background-swap+guidance": {
            "label": "background swap + guidance",
            "synthesizer": SWAP,
            "regularizers": GUIDANCE,
        },
    }
    return {
        "baseline": {},
        "cutmix": {"label": "CutMix", "augmentation": CUTMIX},
        "cutmix+guidance": {"label": "CutMix + guidance", "augmentation": CUTMIX, "regularizers": GUIDANCE},
        **(swap if survey.training_masks else {}),
    }


def columns_of(survey: Survey) -> list[str]:
    """Returns the metrics that the images allow."""
    return [
        "accuracy",
        "class-averaged accuracy",
        *(["worst-group accuracy"] if survey.groups else []),
        *(["MaxBoxAccV2"] if survey.localises else []),
        *(["accuracy (backgrounds exchanged)", "background reliance"] if survey.masks else []),
    ]


def suite_text(survey: Survey, choice: Choice, name: str, path: str) -> str:
    """Returns the suite file. path: the folder of the images as the task's parameter names it."""
    return "\n".join(_lines(survey, choice, name, path)) + "\n"


def suite_name(folder: str) -> str:
    """Returns a name for the suite that its rules allow: letters, digits and . _ + - in it."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", folder).strip("-.")[:60] or "images"


def _lines(survey: Survey, choice: Choice, name: str, path: str) -> Iterator[str]:
    counts = ", ".join(f"{count} in {split}" for split, count in survey.splits.items())
    yield "# Written by `provbench init`. `provbench describe suite` explains the keys, and `describe images` the task."
    yield f"# {survey.images} images of {len(survey.classes)} classes: {counts}."
    yield f"name: {name}"
    yield f"seeds: {choice.seeds}"
    yield f"budget: {choice.budget}  # of every method; raise it if `provbench check` finds runs still improving"
    yield "tasks:"
    yield "  images:"
    yield "    params:"
    yield f"      path: {_yaml(path)}  # absolute, or relative to the data root (--data)"
    for key, value in {"csv": survey.csv, **choice.params}.items():
        if value is not None or key == "weights":
            yield f"      {key}: {_yaml(value)}"
    if survey.masks:
        yield f"      reliance: {RELIANCE}"
    yield "methods:"
    for method, parts in methods_of(survey).items():
        yield f"  {method}:{'' if parts else ' {}'}"
        yield from (f"    {key}: {value}" for key, value in parts.items())
    yield "tables:"
    yield f"  - name: {name}"
    yield "    task: images"
    yield f"    title: {_yaml(survey.root.resolve().name or name)}"
    yield f"    columns: [{', '.join(columns_of(survey))}]"
    yield "    baseline: baseline"


def _yaml(value: object) -> str:
    """Returns a plain value as YAML, of which JSON is a part; text without quotes where nothing can be mistaken."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z/][A-Za-z0-9/._+-]*", value) and value not in ("null", "true"):
        return value
    return json.dumps(value, ensure_ascii=False)
