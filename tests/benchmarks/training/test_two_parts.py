"""The loss of a batch in two parts, and batches of samples with several labels."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from provbench.benchmarks.training import batch_of, collate
from provbench.benchmarks.training.learner import Learner
from provbench.benchmarks.training.optim import rate_at, schedule
from provbench.registry import AUGMENTATIONS, REGULARIZERS, Recipe, UserError


def recipe_of(**values: Any) -> Recipe:
    return Recipe.model_validate({"model": "x", **values})


class Net(nn.Module):
    """One convolution, and the mean of its maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.conv(inputs)).mean(dim=(2, 3))


def learner(augmentation: Any = None, regularizers: Any = (), class_weight: Any = None, **values: Any) -> Learner:
    task = SimpleNamespace(
        normalization=((0.5,) * 3, (0.5,) * 3),
        build_model=Net,
        params=recipe_of(**values),
        class_weight=lambda: class_weight,
    )
    made = Learner(task, augmentation, list(regularizers), 0)  # pyright: ignore[reportArgumentType]
    made.start_step(0)
    return made


def items(
    synthetic: list[bool], shares: dict[int, tuple[tuple[int, float], ...]] | None = None
) -> list[dict[str, Any]]:
    rows = []
    for place, made in enumerate(synthetic):
        image = torch.randint(256, (3, 8, 8), generator=torch.Generator().manual_seed(place), dtype=torch.uint8)
        mask = torch.ones(1, 8, 8, dtype=torch.uint8)
        mask[:, :, 4:] = 0
        row = {"image": image, "label": place % 4, "id": str(place), "mask": mask, "guided": made}
        rows.append(row | ({"synthetic": True} if made else {}))
    for place, of in (shares or {}).items():
        rows[place]["shares"] = of
    return rows


def losses(one: Learner, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    return one(**one.data_preprocessor(collate(rows)), mode="loss")


@pytest.mark.parametrize("weight", [None, torch.tensor([1.0, 2.0, 3.0, 4.0])])
def test_the_two_means_are_weighted(weight: torch.Tensor | None) -> None:
    one, rows = learner(real_weight=0.8, class_weight=weight), items([False, True, False, True, True, False])
    batch = one.data_preprocessor(collate(rows))
    logits, made = one.net(batch["inputs"]), torch.tensor([False, True, False, True, True, False])
    expected = 0.8 * cross_entropy(logits[~made], batch["labels"][~made], weight) + 0.2 * cross_entropy(
        logits[made], batch["labels"][made], weight
    )

    torch.testing.assert_close(losses(one, rows)["loss_classification"], expected)


@pytest.mark.parametrize(("made", "share"), [(False, 0.8), (True, 0.2)])
def test_an_empty_part_is_skipped(made: bool, share: float) -> None:
    one, rows = learner(real_weight=0.8), items([made] * 4)
    batch = one.data_preprocessor(collate(rows))

    found = losses(one, rows)["loss_classification"]

    torch.testing.assert_close(found, share * cross_entropy(one.net(batch["inputs"]), batch["labels"]))
    assert math.isfinite(float(found))


def test_without_the_parameter_all_samples_have_one_mean() -> None:
    rows = items([False, True, True, True])
    one = learner()
    batch = one.data_preprocessor(collate(rows))

    torch.testing.assert_close(
        losses(one, rows)["loss_classification"], cross_entropy(one.net(batch["inputs"]), batch["labels"])
    )


def test_label_smoothing_is_torchs() -> None:
    one, rows = learner(label_smoothing=0.1), items([False] * 4)
    batch = one.data_preprocessor(collate(rows))
    expected = cross_entropy(one.net(batch["inputs"]), batch["labels"], label_smoothing=0.1)

    torch.testing.assert_close(losses(one, rows)["loss_classification"], expected)


def test_samples_of_several_labels_become_sources_with_their_weights() -> None:
    rows = items([True] * 3, {1: ((1, 0.75), (3, 0.25))})
    one = learner()
    batch = one.data_preprocessor(collate(rows))
    made = batch_of(**batch)
    logits = one.net(batch["inputs"])
    each = [cross_entropy(logits[place : place + 1], torch.tensor([place])) for place in range(3)]
    each[1] = 0.75 * each[1] + 0.25 * cross_entropy(logits[1:2], torch.tensor([3]))

    assert len(made.sources) == 2
    assert [float(source.weight[0]) for source in made.sources] == [1.0, 0.0]
    assert [int(source.labels[1]) for source in made.sources] == [1, 3]
    assert not made.sources[1].guided.any()
    torch.testing.assert_close(losses(one, rows)["loss_classification"], torch.stack(each).mean())


def test_guidance_works_with_two_parts_mixing_inside_them_and_several_labels() -> None:
    guidance = REGULARIZERS.build("gradient-guidance", alpha=1.0)
    mixing = AUGMENTATIONS.build("cutmix", within="parts")
    one = learner(mixing, [guidance], real_weight=0.5)
    one.start_step(3)
    found = losses(one, items([False, True, False, True, True, False], {1: ((1, 0.5), (2, 0.5))}))
    torch.stack(list(found.values())).sum().backward()

    assert set(found) == {"loss_classification", "loss_gradient-guidance"}
    assert float(found["loss_gradient-guidance"]) > 0
    gradients = [parameter.grad for parameter in one.net.parameters()]
    assert all(one is not None and bool(torch.isfinite(one).all()) for one in gradients)


def test_augmentations_that_take_one_label_say_so() -> None:
    one = learner(AUGMENTATIONS.build("resizemix"))

    with pytest.raises(UserError, match="resizemix: mixes samples of one label each"):
        losses(one, items([True] * 2, {0: ((0, 0.5), (1, 0.5))}))


def test_warm_up_begins_and_cosine_ends_at_the_least_rate(tmp_path: Path) -> None:
    recipe = recipe_of(lr=1e-4, epochs=10, warmup_epochs=3, min_lr=1e-8)
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=recipe.lr)
    steps, rates = 20, []
    from mmengine.optim.scheduler import CosineAnnealingLR, LinearLR

    kinds = {"LinearLR": LinearLR, "CosineAnnealingLR": CosineAnnealingLR}
    schedulers = [kinds[one.pop("type")](optimizer, **one) for one in schedule(recipe, steps)]
    for _ in range(10 * steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for one in schedulers:
            one.step()

    assert rates[0] == pytest.approx(1e-8)
    assert rates[3 * steps] == pytest.approx(1e-4, rel=2e-2)
    assert 1e-8 <= optimizer.param_groups[0]["lr"] < 3e-8
    middle = 1e-8 + (1e-4 - 1e-8) * (1 + math.cos(math.pi * 0.5)) / 2
    assert rates[6 * steps + steps // 2] == pytest.approx(middle, rel=1e-3)
    assert rate_at(recipe, 0.0) == pytest.approx(1e-4)
    assert rate_at(recipe, 0.65) == pytest.approx(middle / 1e-4)
    assert rate_at(recipe_of(lr=1e-4, epochs=10, warmup_epochs=3), 0.0) == pytest.approx(1e-3)
