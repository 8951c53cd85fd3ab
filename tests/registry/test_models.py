"""Networks by name: what their builders are given, and what they must offer."""

from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from provbench.registry import (
    MODELS,
    Classifier,
    FeatureNetwork,
    InstanceNetwork,
    PartlyNew,
    ScoreMapNetwork,
    UserError,
    build_network,
)


class Plain(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(4, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layer(inputs)


class Sized(Plain):
    def __init__(self, classes: int, *, weights: str | None = None, image_size: int = 8) -> None:
        super().__init__(classes)
        self.given = (weights, image_size)

    def new_parameters(self) -> list[nn.Parameter]:
        return list(self.layer.parameters())


class Greedy(Plain):
    def __init__(self, num_classes: int, **options: Any) -> None:
        super().__init__(num_classes)
        self.given = options


class Needy(Plain):
    def __init__(self, num_classes: int, depth: int) -> None:
        super().__init__(num_classes)
        self.depth = depth


OPTIONS = {"image_size": 32, "weights_dir": Path("weights")}


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODELS, "_entries", dict(MODELS._entries))
    for model in (Plain, Sized, Greedy, Needy):
        MODELS.add(model.__name__.lower(), model)
    MODELS.add("words", lambda num_classes: f"{num_classes} words")


def test_a_builder_gets_the_options_that_it_names() -> None:
    assert isinstance(build_network("plain", 3, weights=None, **OPTIONS), Plain)
    assert build_network("sized", 3, weights="W", **OPTIONS).given == ("W", 32)
    assert build_network("greedy", 3, weights="W", **OPTIONS).given == {"weights": "W", **OPTIONS}


def test_an_option_that_is_a_function_is_asked_only_where_the_builder_names_it() -> None:
    asked = []

    def names() -> list[str]:
        asked.append(1)
        return ["a"]

    build_network("plain", 3, class_names=names)
    assert not asked
    assert build_network("greedy", 3, class_names=names).given == {"class_names": ["a"]}
    assert asked == [1]


def test_options_of_the_user_are_the_builder_s_own() -> None:
    assert build_network("needy", 3, model_options={}, depth=2).depth == 2
    with pytest.raises(UserError, match=r"model_options: unknown option of plain 'depth'"):
        build_network("plain", 3, model_options={"depth": 3})
    with pytest.raises(UserError, match=r"model_options: unknown option of sized 'weights'"):
        build_network("sized", 3, weights=None, model_options={"weights": "W"}, **OPTIONS)
    with pytest.raises(UserError, match=r"model_options: sized refuses \{'classes': 4\}: .*multiple values"):
        build_network("sized", 3, model_options={"classes": 4})


@pytest.mark.parametrize(
    ("name", "weights", "words"),
    [
        ("plan", None, "model: unknown model 'plan'.*plain"),
        ("plain", "W", r"weights: plain has no pretrained weights, so it must be null \(got 'W'\)"),
        ("needy", None, r"model: needy cannot be built with num_classes, .*: missing a required argument: 'depth'"),
        ("words", None, r"model: words must build a torch\.nn\.Module \(got str\)"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_reason(name: str, weights: str | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        build_network(name, 3, weights=weights, **OPTIONS)


@pytest.mark.parametrize("protocol", [FeatureNetwork, ScoreMapNetwork, InstanceNetwork, PartlyNew])
def test_a_network_that_lacks_what_the_task_needs_is_refused(protocol: type) -> None:
    with pytest.raises(UserError, match=r"^model: plain (lacks|shows|makes|does)"):
        build_network("plain", 3, offers=protocol)


def test_the_built_in_networks_offer_what_their_tasks_need() -> None:
    cam, cnn, points = (build_network(name, 2) for name in ("tiny-cam", "tiny-cnn", "tiny-skp"))

    assert isinstance(cam, ScoreMapNetwork)
    assert isinstance(cam, FeatureNetwork)
    assert isinstance(points, InstanceNetwork)
    assert all(isinstance(network, Classifier) for network in (cam, cnn, points))
    assert [isinstance(network, PartlyNew) for network in (cam, cnn, points)] == [True, True, False]
