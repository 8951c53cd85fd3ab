"""The energy of a masked gradient, by hand."""

from __future__ import annotations

import pytest
import torch

from provbench.registry.regularizers.guidance.form import Form

RESIDUAL = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [0.0, -1.0]]]])


@pytest.mark.parametrize(
    ("form", "energy"),
    [
        (Form(), 30 + 2),
        (Form(blocks=("100%",)), 10**2 + 0**2),
        (Form(blocks=(1, "100%")), ((30 + 2) + 100) / 2),
        (Form(channels=(0,)), 30),
        (Form(normalise="pixels"), (30 + 2) * 8),
        (Form(normalise="pixels", blocks=("100%",)), 100 * 2),
        (Form(unit=torch.tensor([0.5, 0.25])), 30 * 4 + 2 * 16),
    ],
    ids=["elements", "one block", "two sizes", "a channel", "elements, normalised", "a block, normalised", "pixels"],
)
def test_energies(form: Form, energy: float) -> None:
    assert form.energy([RESIDUAL]).tolist() == [energy]


@pytest.mark.parametrize("size", [8, 32, 128])
@pytest.mark.parametrize("block", [1, "25%", "100%"])
def test_normalised_by_pixels_a_score_that_reads_a_mean_costs_the_same_at_every_resolution(
    size: int, block: int | str
) -> None:
    gradient = torch.full((1, 3, size, size), 10 / (3 * size * size))  # the score: 10 times the mean of all values
    assert Form(normalise="pixels", blocks=(block,)).energy([gradient]).item() == pytest.approx(100)


def test_in_units_of_the_logits_the_energy_does_not_fall_when_all_logits_shrink() -> None:
    logits, energy, form = torch.randn(4, 5), torch.rand(4), Form(normalise="logit-scale")
    torch.testing.assert_close(form.rescale(energy * 0.01, logits * 0.1), form.rescale(energy, logits))


def test_sources_are_added_element_by_element_and_over_blocks_each_by_itself() -> None:
    first, second = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[-3.0, 5.0]]])
    assert Form().energy([first, second]).tolist() == [(1 - 3) ** 2 + (2 + 5) ** 2]
    assert Form(blocks=(2,)).energy([first, second]).tolist() == [(1 + 2) ** 2 + (-3 + 5) ** 2]
