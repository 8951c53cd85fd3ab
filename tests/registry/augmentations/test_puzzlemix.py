"""PuzzleMix."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from provbench.registry import AUGMENTATIONS, Batch, UserError
from provbench.registry.augmentations import grid_labelling
from provbench.registry.augmentations.grid_labelling import label_grid
from provbench.registry.augmentations.puzzlemix import PuzzleMix, PuzzleMixParams, border_contrast, saliency

Generators = Callable[[int], torch.Generator]


def small_net(classes: int = 4) -> nn.Sequential:
    features = (nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.BatchNorm2d(4))
    return nn.Sequential(*features, nn.Dropout(0.5), nn.Flatten(), nn.LazyLinear(classes))


def test_saliency_is_the_norm_of_the_losss_input_gradient(make_batch: Callable[..., Batch]) -> None:
    batch = make_batch((3, 2, 4, 4))
    weight = torch.randn(5, 32)

    def model(inputs: Tensor) -> Tensor:
        return inputs.flatten(1) @ weight.T

    probabilities = model(batch.inputs).softmax(dim=1)
    errors = probabilities - functional.one_hot(batch.sources[0].labels, 5)
    gradient = (errors @ weight / 3).view(3, 2, 4, 4)
    torch.testing.assert_close(saliency(batch, model), gradient.square().mean(dim=1).sqrt())


def test_the_model_is_left_as_it_was(make_batch: Callable[..., Batch], make_generator: Generators) -> None:
    net, batch = small_net(), make_batch((4, 3, 8, 8))
    net(batch.inputs)
    net[1].eval()  # frozen statistics stay frozen
    state = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():  # a caller that has gradients off
        mixed = PuzzleMix()(batch, make_generator(0), net)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert [part.training for part in net] == [True, False, True, True, True, True, True]
    assert not mixed.inputs.requires_grad


def test_the_mask_keeps_what_is_salient_in_both(make_generator: Generators) -> None:
    # sample 0 is salient in its left half and sample 1 in its right half; labels differ
    batch = Batch.untouched(torch.zeros(2, 1, 8, 8), torch.tensor([0, 1]))
    weight = torch.zeros(2, 1, 8, 8)
    weight[0, ..., :4], weight[1, ..., 4:] = 1, 1

    def model(inputs: Tensor) -> Tensor:
        return (inputs * weight).sum(dim=(1, 2, 3))[:, None] * torch.tensor([1.0, -1.0])

    for seed in range(20):
        puzzle = PuzzleMix(eta=0.0, beta=0.01, transport=False, n_labels=2)
        first, second = puzzle(batch, make_generator(seed), model).sources
        if first.labels[0] != second.labels[0]:
            assert torch.equal(first.mask[0], weight[0])
            assert torch.equal(first.mask[1], weight[1])


def test_blocks_are_moved_to_where_the_mask_shows_the_image_and_masks_with_them(make_generator: Generators) -> None:
    # one target pixel a sample; its own colour marks where the pixel went
    inputs, masks = torch.zeros(4, 1, 8, 8), torch.zeros(4, 1, 8, 8)
    for i, (y, x) in enumerate([(0, 0), (1, 6), (7, 3), (5, 5)]):
        inputs[i, 0, y, x], masks[i, 0, y, x] = 10.0 + i, 1
    untouched = Batch.untouched(inputs, torch.arange(4))
    batch = Batch(inputs, (type(untouched.sources[0])(torch.arange(4), torch.ones(4), masks, torch.ones(4) > 0),))
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    moved_somewhere = False
    for seed in range(30):
        mixed = PuzzleMix(n_labels=2, t_eps=0.01)(batch, make_generator(seed), net)
        for i in range(4):
            for source in mixed.sources:
                shown = (mixed.inputs[i] == 10.0 + source.labels[i]) & (source.mask[i] > 0)
                assert torch.equal(shown, source.mask[i] > 0)  # the target's mask is where its pixel went
                moved_somewhere |= bool((shown & (inputs[source.labels[i]] == 0)).any())
    assert moved_somewhere


def test_fractional_masks_blend(make_batch: Callable[..., Batch], make_generator: Generators) -> None:
    batch, halves = make_batch((6, 3, 16, 16)), 0
    for seed in range(10):
        mixed = PuzzleMix(transport=False, eta=2.0)(batch, make_generator(seed), small_net(6).eval())
        first, second = mixed.sources
        assert set(first.mask.unique().tolist()) <= {0.0, 0.5, 1.0}
        pairs = first.labels != second.labels
        expected = first.mask * batch.inputs + second.mask * batch.inputs[second.labels]
        torch.testing.assert_close(mixed.inputs[pairs], expected[pairs])
        halves += int((first.mask == 0.5).sum())
    assert halves > 0


def test_a_strong_prior_makes_the_weights_follow_the_ratio(
    make_batch: Callable[..., Batch], make_generator: Generators
) -> None:
    batch = make_batch((2, 3, 16, 16))
    for seed in range(5):  # Beta(1e6, 1e6) is 1/2, whose likeliest label of three is the middle one
        first, second = PuzzleMix(alpha=1e6, eta=1e4)(batch, make_generator(seed), small_net(2)).sources
        pairs = first.labels != second.labels
        assert bool((first.mask[pairs] == 0.5).all())
        assert bool((second.weight[pairs] == 0.5).all())


def test_contrast_across_borders_by_hand() -> None:
    pixels = torch.tensor([[[[0.0, 1.0], [0.5, 0.25]]], [[[1.0, 0.0], [0.0, 0.0]]]])  # 2 samples of 2 x 2
    down, right = border_contrast(pixels, torch.tensor([1, 0]), grid=2, size=4)
    assert down.shape == (2, 4, 1, 2)
    assert right.shape == (2, 4, 2, 1)
    # own over own, own over partner's, partner's over own, partner's over partner's; left and right block
    assert down[0, :, 0].tolist() == [[0.5, 0.75], [0.0, 1.0], [0.5, 0.25], [1.0, 0.0]]
    assert right[0, :, :, 0].tolist() == [[1.0, 0.25], [0.0, 0.5], [0.0, 0.25], [1.0, 0.0]]
    assert torch.equal(down[1], down[0][[3, 2, 1, 0]])


def energy(z: Tensor, inputs: Tensor, salient: Tensor, i: int, j: int, params: PuzzleMixParams, ratio: float) -> float:
    """The paper's objective for a mask z of 0 and 1 on 2 x 2 blocks, term by term, for 8 x 8 images i and j."""
    pools = functional.avg_pool2d(salient[:, None], 4)[:, 0]
    own, other = (pools[k] / pools[k].sum() for k in (i, j))
    total = float(((1 - z) * own + z * other).sum())
    smooth = params.beta / 2 / 16
    for (y, x), (v, u) in (((0, 0), (1, 0)), ((0, 1), (1, 1)), ((0, 0), (0, 1)), ((1, 0), (1, 1))):
        near, far = (inputs[i if z[place] else j] for place in ((y, x), (v, u)))
        if x == u:  # above each other, in cells of 2 x 2 pixels
            strips = near[:, 2:4, 4 * x : 4 * x + 4], far[:, 4:6, 4 * x : 4 * x + 4]
        else:
            strips = near[:, 4 * y : 4 * y + 4, 2:4].mT, far[:, 4 * y : 4 * y + 4, 4:6].mT
        near_cells, far_cells = (functional.avg_pool2d(strip[None], 2)[0] for strip in strips)
        total += smooth * float(z[y, x] != z[v, u]) + smooth * params.gamma * float(
            (near_cells - far_cells).abs().mean()
        )
    chances = torch.where(z == 1, ratio, 1 - ratio)
    return total + params.eta / 4 * float(-chances.log().sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_mask_minimises_the_papers_objective_by_brute_force(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(seed)
    inputs = torch.rand(2, 3, 4, 4).round().repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)  # cells of 0 or 1
    salient, partner, costs = 1 + torch.rand(2, 8, 8), torch.tensor([1, 0]), []
    puzzle = PuzzleMix(n_labels=2, beta=2.0, gamma=1.0, neigh_size=2)

    def spy(unary: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
        costs.append((unary, down, right))
        return label_grid(unary, down, right)

    monkeypatch.setattr(grid_labelling, "label_grid", spy)
    found = puzzle._choose(inputs, salient, partner, 2, 0.45)
    masks = [torch.tensor(bits).view(2, 2) for bits in product((0.0, 1.0), repeat=4)]
    for i, (unary, down, right) in enumerate(costs):
        wanted = np.array([energy(z, inputs, salient, i, 1 - i, puzzle.params, 0.45) for z in masks])
        given = np.array(
            [
                np.where(z == 1, unary[1], unary[0]).sum()
                + (down * np.diff(z, axis=0) ** 2).sum()
                + (right * np.diff(z, axis=1) ** 2).sum()
                for z in (mask.numpy() for mask in masks)
            ]
        )
        np.testing.assert_allclose(given - given[0], wanted - wanted[0], atol=1e-6)  # the same up to a constant
        assert torch.equal(found[i, 0], masks[wanted.argmin()])


def test_the_choice_does_not_depend_on_how_the_pixels_were_normalised(make_batch: Callable[..., Batch]) -> None:
    batch, partner = make_batch((4, 3, 16, 16)), torch.tensor([1, 2, 3, 0])
    std, shift = torch.tensor([0.5, 4.0, 2.0]).view(3, 1, 1), torch.tensor([1.0, -2.0, 0.0]).view(3, 1, 1)
    salient = torch.rand(4, 16, 16)
    puzzle = PuzzleMix(gamma=1.0, beta=0.5)
    one = puzzle._choose(batch.inputs, salient, partner, 8, 0.4)
    assert 0 < float(one.mean()) < 1
    assert torch.equal(one, puzzle._choose(batch.inputs * std + shift, salient, partner, 8, 0.4))
    assert not torch.equal(one, puzzle._choose(torch.rand(4, 3, 16, 16), salient, partner, 8, 0.4))


@pytest.mark.parametrize(("sides", "possible"), [((6, 10), {2}), ((12, 8), {2, 4}), ((32, 16), {2, 4, 8, 16})])
def test_only_grids_that_divide_the_image_are_used(
    sides: tuple[int, int], possible: set[int], make_generator: Generators, monkeypatch: pytest.MonkeyPatch
) -> None:
    grids, choose = set(), PuzzleMix._choose

    def spy(self: PuzzleMix, inputs: Tensor, salient: Tensor, partner: Tensor, grid: int, ratio: float) -> Tensor:
        grids.add(grid)
        return choose(self, inputs, salient, partner, grid, ratio)

    monkeypatch.setattr(PuzzleMix, "_choose", spy)
    batch = Batch.untouched(torch.randn(2, 3, *sides), torch.tensor([0, 1]))
    net = small_net(2)
    for seed in range(30):
        PuzzleMix()(batch, make_generator(seed), net)
    assert grids == possible


def test_an_image_that_no_grid_divides_is_refused(make_batch: Callable[..., Batch], make_generator: Generators) -> None:
    with pytest.raises(UserError, match=r"puzzlemix: no grid of 2, 4, 8, 16 blocks a side divides .* 9 x 8 pixels"):
        AUGMENTATIONS.build("puzzlemix")(make_batch((2, 3, 9, 8)), make_generator(0), small_net(2))


def test_moving_blocks_that_are_too_fine_is_refused(
    make_batch: Callable[..., Batch], make_generator: Generators
) -> None:
    batch, net = make_batch((2, 3, 72, 72)), small_net(2)
    with pytest.raises(UserError, match=r"t_size 2 cuts an image of 72 x 72 pixels into 36 x 36 blocks"):
        PuzzleMix(t_size=2)(batch, make_generator(0), net)
    mixed = PuzzleMix(t_size=4)(batch, make_generator(1), net)
    assert torch.equal(mixed.sources[0].weight, mixed.sources[0].mask.flatten(1).mean(dim=1))


def test_a_model_that_sees_nothing_leaves_the_prior_to_choose(
    make_batch: Callable[..., Batch], make_generator: Generators
) -> None:
    def blind(inputs: Tensor) -> Tensor:
        return 0 * inputs.sum(dim=(2, 3)).repeat(1, 2)

    for seed in range(5):  # Beta(1e6, 1e6) is 1/2
        mixed = PuzzleMix(alpha=1e6)(make_batch((4, 3, 8, 8)), make_generator(seed), blind)
        assert set(mixed.sources[0].weight.tolist()) <= {0.5, 1.0}
