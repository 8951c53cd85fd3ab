"""The parameters of `generated`: seams by name, resolved, and what does not fit together."""

from __future__ import annotations

from typing import Any

import pytest

from provbench.registry import LABELS, SYNTHESIZERS, TUNERS, UserError, validate_params
from provbench.registry.generation.use import resolve

PARAMS = SYNTHESIZERS.get("generated").Params


def params(**values: Any) -> Any:
    return validate_params(PARAMS, values, "suite")


def test_a_name_stands_for_a_plugin_with_its_defaults() -> None:
    resolved = params(tuner={"name": "lora", "rank": 4}).tuner
    assert resolved["rank"] == 4
    assert resolved["per"] == "dataset"
    assert params().tuner == {"name": "none"}


def test_what_was_resolved_is_resolved_to_itself() -> None:
    once = params(tuner="lora", context="exact", prompts="bank", template="a {class} in {background}")
    assert PARAMS(**once.model_dump(mode="json")) == once


def test_a_plugin_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="tuner lora has version 1"):
        resolve(TUNERS, {"name": "lora", "version": "7"})


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"tuner": "lorra"}, "unknown tuner 'lorra': did you mean 'lora'"),
        ({"tuner": {"name": "lora", "rnak": 3}}, "tuner lora: .*rnak"),
        ({"tuner": 3}, "must be the name of a tuner"),
        ({"provenance": "difference"}, "difference needs a sampler that edits"),
        ({"provenance": "exact", "sampler": "image-to-image"}, "exact needs a sampler that keeps the target"),
        ({"provenance": "attention", "template": "a bird"}, "attention needs {class}"),
        ({"prompts": "bank", "template": "a {class} in {background}"}, "so a context is needed"),
        ({"tuner": "lora", "tuning_template": "a {class} in {pose}"}, "the template names {pose}"),
        ({"template": "a {"}, "is no template"),
        ({"per_image": 2}, "per_class: null and per_image"),
    ],
)
def test_what_does_not_fit_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem.replace("{", r"\{")):
        params(**values)


def test_labels_are_mixed_by_the_strength_of_the_edit() -> None:
    mix = LABELS.build("mix", gamma=0.5)
    (label, weight), (other, rest) = mix.shares(3, 1, 0.25)
    assert (label, other) == (3, 1)
    assert (weight, rest) == pytest.approx((0.5, 0.5))
    assert mix.shares(3, 3, 0.25) == ()
    assert LABELS.build("hard").shares(3, 1, 0.25) == ()
    with pytest.raises(UserError, match="needs a sampler that edits"):
        mix.shares(3, None, None)
