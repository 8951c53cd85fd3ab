"""SAT against the published description, written out plainly and compared block by block with the same weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from provbench.benchmarks.classifiers.sat import SAT, SMOOTHING, TinySAT
from provbench.benchmarks.classifiers.vit import TINY
from provbench.registry import (
    FeatureNetwork,
    GroupedNetwork,
    PartlyNew,
    ScoreMapNetwork,
    SelfTaught,
    build_network,
)

DEPTH, HEADS, WIDTH, PATCH = TINY["depth"], TINY["num_heads"], TINY["embed_dim"], TINY["patch_size"]
State = dict[str, Any]


def linear(state: State, name: str, values: Tensor) -> Tensor:
    return values @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def normal(state: State, name: str, values: Tensor) -> Tensor:
    centred = values - values.mean(dim=-1, keepdim=True)
    scaled = centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt()
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def embedded(state: State, image: Tensor) -> Tensor:
    """(N, D): the tokens of one image (3, S, S): class, patches row by row, location."""
    kernel, bias = state["vit.patch_embed.proj.weight"], state["vit.patch_embed.proj.bias"]
    side = image.shape[1] // PATCH
    rows = [state["vit.cls_token"][0, 0] + state["vit.pos_embed"][0, 0]]
    for row in range(side):
        for column in range(side):
            piece = image[:, row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH]
            token = torch.stack([(piece * one).sum() for one in kernel]) + bias
            rows.append(token + state["vit.pos_embed"][0, 1 + row * side + column])
    rows.append(state["loc_token"][0, 0] + state["loc_embed"][0, 0])
    return torch.stack(rows)


def block(state: State, number: int, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """The tokens (N, D) of one image after a block, and the mask (N,) that its location token asks for."""
    name, width = f"vit.blocks.{number}", WIDTH // HEADS
    qkv = linear(state, f"{name}.attn.qkv", normal(state, f"{name}.norm1", tokens))
    scores, values = [], []
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        query, key, value = (qkv[:, kind * WIDTH : (kind + 1) * WIDTH][:, part] for kind in range(3))
        scores.append(query @ key.T / math.sqrt(width))
        values.append(value)
    mask = 1 / (1 + torch.exp(-torch.stack([score[-1] for score in scores]).mean(dim=0)))
    outputs = []
    for score, value in zip(scores, values, strict=True):
        weights = torch.exp(score - score.max(dim=1, keepdim=True).values)
        weights = weights / weights.sum(dim=1, keepdim=True)
        if number >= DEPTH - 3:
            weights = weights * mask[None, :]
        outputs.append(weights @ value)
    tokens = tokens + linear(state, f"{name}.attn.proj", torch.cat(outputs, dim=1))
    hidden = linear(state, f"{name}.mlp.fc1", normal(state, f"{name}.norm2", tokens))
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
    return tokens + linear(state, f"{name}.mlp.fc2", hidden), mask


def patch_logits(state: State, patches: Tensor) -> Tensor:
    """(K,): the mean over all places of a 3 x 3 convolution of patch tokens (h, w, D), zeros around them."""
    weight, bias = state["head.weight"], state["head.bias"]
    height, width, _ = patches.shape
    total = torch.zeros(len(bias), dtype=patches.dtype)
    for row in range(height):
        for column in range(width):
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    if 0 <= row + down < height and 0 <= column + right < width:
                        total += weight[:, :, down + 1, right + 1] @ patches[row + down, column + right]
    return total / (height * width) + bias


def smoothed(image: np.ndarray) -> np.ndarray:
    """The reference's filter: roots of a normal distribution's shares, zeros around the map."""
    edges = np.linspace(-6 - 13 / 6, 6 + 13 / 6, 4)
    column = np.sqrt(np.diff(stats.norm.cdf(edges)))
    kernel = np.outer(column, column) / np.outer(column, column).sum()
    padded = np.pad(image, 1)
    height, width = image.shape
    parts = [
        kernel[down, right] * padded[down : down + height, right : right + width]
        for down in range(3)
        for right in range(3)
    ]
    return np.sum(parts, axis=0)


@pytest.fixture
def model() -> TinySAT:
    torch.manual_seed(0)
    built = TinySAT(5, image_size=32).double().eval()
    with torch.no_grad():  # normalisations and biases begin at 1 and 0, which would hide mistakes
        for parameter in built.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return built


def test_every_block_is_that_of_the_description(model: TinySAT) -> None:
    state, images = model.state_dict(), torch.randn(2, 3, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        tokens = model.embed(images)
        plain = torch.stack([embedded(state, image) for image in images])
        torch.testing.assert_close(tokens, plain)
        masks = []
        for number in range(DEPTH):
            tokens, mask = model.block(number, tokens)
            found = [block(state, number, one) for one in plain]
            plain = torch.stack([one for one, _ in found])
            masks.append(torch.stack([one for _, one in found]))
            torch.testing.assert_close(tokens, plain)
            torch.testing.assert_close(mask[:, 0, 0], masks[-1])

        patches = normal(state, "vit.norm", plain)[:, 1:-1].view(2, 4, 4, WIDTH)
        expected = torch.stack([patch_logits(state, one) for one in patches])
        maps = torch.stack(masks[-3:]).mean(dim=0)[:, 1:-1].view(2, 4, 4)
        logits, scoremaps = model.logits_and_scoremaps(images, torch.tensor([0, 3]))
        torch.testing.assert_close(logits, expected)
        torch.testing.assert_close(scoremaps, maps)
        torch.testing.assert_close(model(images), expected)

        logits, losses = model.logits_and_losses(images)
        torch.testing.assert_close(logits, expected)
        smooth = np.stack([smoothed(one) for one in maps.numpy()])
        assert losses["area"].item() == pytest.approx(abs(maps.mean().item() - 0.25))
        assert losses["binarity"].item() == pytest.approx((smooth * (1 - smooth)).mean(), rel=1e-6)


def test_the_filter_is_the_reference_s() -> None:
    assert np.outer(SMOOTHING, SMOOTHING) == pytest.approx(smoothed(np.pad([[1.0]], 1)), abs=1e-7)
    assert sum(SMOOTHING) == pytest.approx(1, abs=1e-7)


def test_it_localises_teaches_itself_and_has_groups() -> None:
    torch.manual_seed(0)
    model = build_network("tiny-sat", 4, offers=ScoreMapNetwork, weights=None, image_size=64)
    assert isinstance(model, SelfTaught)
    assert isinstance(model, FeatureNetwork)
    assert isinstance(model, PartlyNew)
    assert isinstance(model, GroupedNetwork)
    network: Any = model
    logits, maps = network.logits_and_scoremaps(torch.randn(2, 3, 64, 64), torch.zeros(2, dtype=torch.int64))
    assert logits.shape == (2, 4)
    assert maps.shape == (2, 8, 8)
    assert bool(((maps > 0) & (maps < 1)).all())

    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = model.parameter_groups(1.0)
    still = {names[id(one)] for group in groups if not group.decays for one in group.parameters}
    assert {"loc_token", "loc_embed", "vit.pos_embed", "vit.cls_token", "head.bias", "vit.norm.weight"} <= still
    assert not any(name.endswith("weight") and "norm" not in name for name in still)
    assert sum(len(group.parameters) for group in groups) == len(names)


def test_its_terms_shrink_when_they_are_all_that_is_learnt() -> None:
    torch.manual_seed(0)
    model, images = TinySAT(3, image_size=32), torch.randn(4, 3, 32, 32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    sums = []
    for _ in range(12):
        losses = model.logits_and_losses(images)[1]
        total = losses["area"] + losses["binarity"]
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        sums.append(total.item())
    assert sums[-1] < 0.9 * sums[0]


def test_the_full_size_is_deit_s_with_a_token_and_a_convolution() -> None:
    with torch.device("meta"):
        size = sum(one.numel() for one in SAT(200).parameters())
    deit_without_head = 22_050_664 - 385 * 1000
    assert size == deit_without_head + 2 * 384 + (384 * 9 + 1) * 200
