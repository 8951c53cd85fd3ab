"""Each estimator's parameter gradient against the exact one, in FP64: the mean over all of its draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from provbench.registry import Source
from provbench.registry.regularizers.guidance import estimators
from provbench.registry.regularizers.guidance.form import Form

FORMS = {
    "the paper's": Form(),
    "margin, blocks": Form(scalar="margin", blocks=(2,)),
    "two block sizes, normalised": Form(blocks=(1, 2), normalise="pixels"),
}


def net() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.Softplus(), nn.Linear(6, 3)).double()


def pair(overlap: bool = False, samples: int = 1) -> tuple[Tensor, list[Source]]:
    """Inputs and two sources; with overlap, masks that leave some of the input outside of both."""
    torch.manual_seed(4)
    inputs = torch.randn(samples, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64).view(1, 1, 2, 2).expand(samples, 1, 2, 2)
    masks = (mask * 0.5, 1 - mask) if overlap else (mask, 1 - mask)
    guided, half = torch.ones(samples, dtype=torch.bool), torch.full((samples,), 0.5)
    return inputs, [Source(torch.full((samples,), k), half, one, guided) for k, one in enumerate(masks)]


def flat_gradient(loss: Tensor, model: nn.Module) -> Tensor:
    gradients = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    return torch.cat(
        [
            torch.zeros_like(p).ravel() if g is None else g.ravel()
            for g, p in zip(gradients, model.parameters(), strict=True)
        ]
    )


def mean_over_draws(
    estimate: Callable[[torch.Generator], Tensor], model: nn.Module, draws: int = 64
) -> tuple[Tensor, Tensor]:
    """The mean value and parameter gradient over the different draws, each of which is equally likely."""
    outcomes: dict[tuple[float, ...], tuple[Tensor, Tensor]] = {}
    for seed in range(draws):
        value = estimate(torch.Generator().manual_seed(seed)).sum()
        gradient = flat_gradient(value, model)
        outcomes[tuple(gradient.mul(1e9).round().tolist())] = (value.detach(), gradient)
    values, gradients = zip(*outcomes.values(), strict=True)
    return torch.stack(values).mean(), torch.stack(gradients).mean(dim=0)


def exact(model: nn.Module, inputs: Tensor, sources: list[Source], form: Form) -> tuple[Tensor, Tensor]:
    value = estimators.exact(model(inputs), inputs, sources, form, None).sum()
    return value.detach(), flat_gradient(value, model)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", ["random_source", "rademacher"])
def test_unbiased_for_sources_that_do_not_overlap(name: str, form: Form) -> None:
    model, (inputs, sources) = net(), pair()
    estimate: Any = getattr(estimators, name)
    mean = mean_over_draws(lambda generator: estimate(model(inputs), inputs, sources, form, generator), model)
    for estimated, true in zip(mean, exact(model, inputs, sources, form), strict=True):
        torch.testing.assert_close(estimated, true)


def test_rademacher_is_unbiased_with_overlap_and_exact_in_value() -> None:
    model, (inputs, sources) = net(), pair(overlap=True)
    value, gradient = exact(model, inputs, sources, Form())
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        drawn = estimators.rademacher(model(inputs), inputs, sources, Form(), generator)
        torch.testing.assert_close(drawn.detach().sum(), value)
    _, mean = mean_over_draws(lambda g: estimators.rademacher(model(inputs), inputs, sources, Form(), g), model)
    torch.testing.assert_close(mean, gradient)


def test_with_overlap_random_source_estimates_the_sources_penalties_one_by_one() -> None:
    model, (inputs, sources) = net(), pair(overlap=True)
    alone = [exact(model, inputs, [source], Form()) for source in sources]
    value, gradient = mean_over_draws(
        lambda g: estimators.random_source(model(inputs), inputs, sources, Form(), g), model
    )
    torch.testing.assert_close(value, alone[0][0] + alone[1][0])
    torch.testing.assert_close(gradient, alone[0][1] + alone[1][1])


@pytest.mark.parametrize("estimate", [estimators.random_source, estimators.rademacher])
def test_with_one_source_nothing_is_random(estimate: Callable[..., Tensor]) -> None:
    model, (inputs, sources) = net(), pair(samples=3)
    value = estimate(model(inputs), inputs, sources[:1], Form(), torch.Generator().manual_seed(1)).sum()
    true_value, true_gradient = exact(model, inputs, sources[:1], Form())
    torch.testing.assert_close(value.detach(), true_value)
    torch.testing.assert_close(flat_gradient(value, model), true_gradient)


@pytest.mark.parametrize("form", [Form(channels=(0,)), Form(blocks=("100%",)), Form(scalar="margin", blocks=(2,))])
def test_small_perturbations_are_unbiased(form: Form) -> None:
    model, (inputs, sources) = net(), pair()

    def estimate(generator: torch.Generator) -> Tensor:
        return estimators.perturbation(model(inputs), inputs, sources, form, generator, model=model, size=1e-5)

    # 8 elements at most are perturbed: the draws are many, and so the mean over all of them is taken by sampling
    generator = torch.Generator().manual_seed(0)
    values = torch.stack([estimate(generator).detach().sum() for _ in range(3000)])
    error = values.std() / len(values) ** 0.5
    assert abs(values.mean() - exact(model, inputs, sources, form)[0]) < 4 * error


def test_of_a_linear_score_perturbations_of_any_size_average_to_the_block_energy() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(8, 3)).double()
    inputs, sources = pair()
    form = Form(blocks=("100%",))  # one block a channel: two signs, and two sources to draw from

    def estimate(generator: torch.Generator) -> Tensor:
        return estimators.perturbation(model(inputs), inputs, sources, form, generator, model=model, size=2.5)

    value, gradient = mean_over_draws(estimate, model)
    true_value, true_gradient = exact(model, inputs, sources, form)
    torch.testing.assert_close(value, true_value)
    torch.testing.assert_close(gradient, true_gradient)


def test_a_perturbation_leaves_the_target_alone_and_unguided_samples_cost_nothing() -> None:
    model, (inputs, sources) = net(), pair(samples=2)
    guided = torch.tensor([True, False])
    one = [Source(sources[0].labels, sources[0].weight, sources[0].mask, guided)]
    seen = []

    def watched(changed: Tensor) -> Tensor:
        seen.append(changed)
        return model(changed)

    energy = estimators.perturbation(model(inputs), inputs, one, Form(), torch.Generator(), model=watched, size=0.5)
    difference = (seen[0] - inputs).detach()
    assert torch.equal(difference[0].abs(), 0.5 * (1 - one[0].mask[0]).expand_as(difference[0]))
    assert not difference[1].any()
    assert energy[1] == 0 < energy[0]


def test_every_guiding_source_is_drawn_as_often() -> None:
    guided = torch.tensor([[True, True, False], [True, False, False], [True, True, False]])
    ones = torch.ones(3)
    sources = [Source(torch.zeros(3, dtype=torch.int64), ones, ones.view(3, 1, 1), row) for row in guided]
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([estimators.draw_source(sources, generator)[0] for _ in range(3000)])
    assert draws.mean(dim=0) == pytest.approx(
        torch.tensor([[1 / 3, 1 / 2, 0], [1 / 3, 0, 0], [1 / 3, 1 / 2, 0]]), abs=0.03
    )
    assert estimators.draw_source(sources, generator)[1].tolist() == [3, 2, 0]
