"""GALS: the loss's gradient outside of a map, and CLIP's map against the recursion written out image by image."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel

from provbench.registry import REGULARIZERS, Batch, Source, Step, UserError, double_differentiable
from provbench.registry.regularizers import gals
from provbench.registry.regularizers.clip_attention import MEAN, STD, ClipAttention, stretched
from provbench.registry.regularizers.gals import Gals

NAME = "openai/clip-vit-base-patch16"
TOWER = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}


def step_of(net: nn.Module, batch: Batch, **options: object) -> Step:
    inputs = batch.inputs.detach().requires_grad_()
    with double_differentiable():
        return Step(net(inputs), batch.with_inputs(inputs), torch.Generator(), 0, net, **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("weighted", [False, True])
def test_the_penalty_is_the_mean_of_the_loss_s_gradient_outside_the_map(
    make_batch: Callable[..., Batch], make_net: Callable[..., nn.Module], weighted: bool
) -> None:
    masks = torch.rand(4, 1, 6, 5)
    batch, net = make_batch((4, 3, 6, 5), masks=masks), make_net((3, 6, 5))
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0]) if weighted else None
    found = Gals(mask="provenance", strength=10.0).term(step_of(net, batch, class_weight=weight))

    labels, total = batch.sources[0].labels, 0.0
    norm = float(weight[labels].sum()) if weight is not None else 4.0
    for i in range(4):
        image = batch.inputs[i : i + 1].clone().requires_grad_()
        loss = nn.functional.cross_entropy(net(image), labels[i : i + 1])
        share = float(weight[labels[i]]) if weight is not None else 1.0
        (gradient,) = torch.autograd.grad(share / norm * loss, image)
        total += (gradient * (1 - masks[i])).abs().sum().item()
    assert found.item() == pytest.approx(10 * total / (4 * 3 * 6 * 5), rel=1e-5)


def test_samples_without_a_map_are_left_out(
    make_batch: Callable[..., Batch], make_net: Callable[..., nn.Module]
) -> None:
    net, whole = make_net((3, 4, 4)), make_batch((3, 3, 4, 4), masks=torch.zeros(3, 1, 4, 4))
    (source,) = whole.sources
    part = Source(source.labels, source.weight, source.mask, torch.tensor([True, False, False]))
    batch = Batch(whole.inputs, (part,), whole.ids)
    inputs = batch.inputs.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(inputs), source.labels), inputs)
    found = Gals(mask="provenance", strength=1.0).term(step_of(net, batch))
    assert found.item() == pytest.approx(gradient[0].abs().mean().item(), rel=1e-5)

    untouched = make_batch((3, 3, 4, 4))
    regularizer = Gals(mask="provenance")
    assert not regularizer.active(untouched)
    assert regularizer.term(step_of(net, untouched)).item() == 0


def test_a_mix_that_is_all_some_label_s_has_nothing_outside(
    make_batch: Callable[..., Batch], make_net: Callable[..., nn.Module]
) -> None:
    batch, net = make_batch((2, 3, 4, 4)), make_net((3, 4, 4))
    left = (torch.arange(4) < 2).float().expand(2, 1, 4, 4)
    guided = torch.tensor([True, True])
    own = Source(batch.sources[0].labels, torch.full((2,), 0.5), left, guided)
    other = Source(batch.sources[0].labels.flip(0), torch.full((2,), 0.5), 1 - left, guided)
    assert Gals(mask="provenance").term(step_of(net, Batch(batch.inputs, (own, other)))).item() == 0


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CLIPModel:
    """A small CLIP in the folder of models."""
    torch.manual_seed(1)
    letters = [chr(code) for code in range(97, 123)]
    names = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    text = {"vocab_size": 54, "bos_token_id": 52, "eos_token_id": 53, "pad_token_id": 53, **TOWER}
    config = CLIPConfig(text_config=text, vision_config={"image_size": 16, "patch_size": 4, **TOWER}, projection_dim=8)
    folder = tmp_path / NAME
    model = CLIPModel(config)
    with torch.no_grad():  # new weights are so small that all attention is alike
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({name: number for number, name in enumerate(names)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    monkeypatch.setenv("PROVBENCH_MODELS", str(tmp_path))
    return CLIPModel.from_pretrained(folder, attn_implementation="eager").eval()


def rolled(model: CLIPModel, pixels: Tensor, tokens: Tensor) -> np.ndarray:
    """(4, 4): the relevance map of one image (3, 16, 16) for one text, by the recursion of the paper."""
    image = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    found = model(input_ids=tokens[None], pixel_values=image[None].requires_grad_(), output_attentions=True)
    attentions = found.vision_model_output.attentions
    for one in attentions:
        one.retain_grad()
    found.logits_per_image.sum().backward()
    total = np.eye(17)
    for one in attentions:
        assert one.grad is not None
        total = total + np.maximum((one.grad * one)[0].detach().numpy(), 0).mean(axis=0) @ total
    return total[0, 1:].reshape(4, 4)


def test_clip_s_maps_are_those_of_the_recursion(clip: CLIPModel) -> None:
    attention = ClipAttention(NAME, ["a bird", "bird"])
    pixels = torch.rand(3, 3, 16, 16)
    tokens = [torch.tensor([52, *ids, 53]) for ids in ([26, 1, 8, 17, 29], [1, 8, 17, 29])]
    expected = np.array([[rolled(clip, one, text) for text in tokens] for one in pixels])
    np.testing.assert_allclose(attention.relevance(pixels).detach().numpy(), expected, rtol=1e-3, atol=1e-5)

    maps, known = attention(pixels)
    assert known.all()
    assert maps.shape == (3, 1, 16, 16)
    assert not maps.requires_grad
    means = np.stack([np.mean([(one - one.min()) / np.ptp(one) for one in two], axis=0) for two in expected])
    large = nn.functional.interpolate(torch.tensor(means)[:, None], size=(16, 16), mode="bilinear")
    torch.testing.assert_close(maps.double(), stretched(large), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(attention(pixels[1:2])[0], maps[1:2], rtol=1e-3, atol=1e-4)


def test_the_map_is_of_the_input_and_the_weights_stay(clip: CLIPModel, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 4), nn.Tanh(), nn.Linear(4, 2))
    batch = Batch.untouched(torch.randn(2, 3, 8, 8), torch.tensor([0, 1]))
    regularizer = REGULARIZERS.build("gals", prompts=("bird",))
    assert isinstance(regularizer, Gals)
    assert regularizer.active(batch)
    assert regularizer.missing_inputs() == []
    seen = []
    monkeypatch.setattr(
        gals, "outside", lambda logits, inputs, sources, maps, known, weight: (seen.append(maps), logits.sum())[1]
    )
    mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.25])
    before = torch.random.get_rng_state()
    regularizer.term(step_of(net, batch, pixel_mean=mean, pixel_std=std))
    assert torch.equal(torch.random.get_rng_state(), before), "loading draws nothing from the run's generator"
    pixels = (batch.inputs * std.view(1, 3, 1, 1) + mean.view(1, 3, 1, 1)).clamp(0, 1)
    torch.testing.assert_close(seen[0], ClipAttention(NAME, ["bird"])(pixels)[0])
    assert not any(parameter.requires_grad for parameter in regularizer.attention.model.parameters())


def test_missing_weights_and_inputs_that_are_no_images_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("PROVBENCH_MODELS", raising=False)
    (message,) = REGULARIZERS.build("gals").missing_inputs()
    assert message.startswith(f"gals: {NAME}: no such weights")
    assert REGULARIZERS.build("gals", mask="provenance").missing_inputs() == []
    batch = Batch.untouched(torch.randn(2, 5, 4, 3), torch.tensor([0, 1]))
    net = nn.Sequential(nn.Flatten(), nn.Linear(60, 2))
    with pytest.raises(UserError, match=r"gals: mask clip looks at images .*set mask to provenance"):
        REGULARIZERS.build("gals").term(step_of(net, batch))
