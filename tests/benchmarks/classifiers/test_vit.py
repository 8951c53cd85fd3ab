"""Vision transformers: groups of parameters as MAE's fine-tuning has them, weights from folders, second derivatives."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from provbench.benchmarks.classifiers.vit import TINY, DeiTSmall, MAEBase, TinyDeiT, TinyMAE, ViTClassifier
from provbench.registry import FeatureNetwork, GroupedNetwork, MissingDataError, PartlyNew, UserError, build_network

WEIGHTS = {DeiTSmall: "timm/deit_small_patch16_224.fb_in1k", MAEBase: "timm/vit_base_patch16_224.mae"}


@pytest.mark.parametrize("name", ["tiny-deit", "tiny-mae"])
def test_images_become_one_logit_a_class_and_maps_of_patches(name: str) -> None:
    model = build_network(name, 3, offers=FeatureNetwork, weights=None, image_size=32)

    assert isinstance(model, PartlyNew)
    assert isinstance(model, GroupedNetwork)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 3)
    network: Any = model
    assert network.feature_maps(torch.zeros(2, 3, 32, 32)).shape == (2, TINY["embed_dim"], 4, 4)


def test_feature_maps_lie_where_their_patches_do() -> None:
    """A patch of another content changes the embedding of its own place most, where no block mixes places."""
    torch.manual_seed(0)
    model = TinyDeiT(2, image_size=32).eval()
    for block in model.vit.blocks:  # pyright: ignore[reportGeneralTypeIssues]
        torch.nn.init.zeros_(block.attn.proj.weight)
    images = torch.zeros(1, 3, 32, 32)
    changed = images.clone()
    changed[:, :, 8:16, 24:32] = 1
    difference = (model.feature_maps(changed) - model.feature_maps(images)).abs().sum(dim=1)[0]
    assert (difference > 1e-6).nonzero().tolist() == [[1, 3]]


def mae_groups(depth: int, layer_decay: float) -> dict[str, tuple[float, bool]]:
    """Scale and decay of each parameter, written out as MAE's published fine-tuning has them."""
    scales = [layer_decay ** (depth + 1 - layer) for layer in range(depth + 2)]
    groups = {"cls_token": (scales[0], False), "pos_embed": (scales[0], False)}
    groups |= {"patch_embed.proj.weight": (scales[0], True), "patch_embed.proj.bias": (scales[0], False)}
    for block in range(depth):
        for part in ("norm1", "norm2", "attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"):
            groups[f"blocks.{block}.{part}.weight"] = (scales[block + 1], not part.startswith("norm"))
            groups[f"blocks.{block}.{part}.bias"] = (scales[block + 1], False)
    groups |= {"norm.weight": (1.0, False), "norm.bias": (1.0, False)}
    return groups | {"head.weight": (1.0, True), "head.bias": (1.0, False)}


@pytest.mark.parametrize("layer_decay", [0.65, 1.0])
def test_layers_learn_as_in_mae_s_fine_tuning(layer_decay: float) -> None:
    model = TinyMAE(2)
    expected = mae_groups(TINY["depth"], layer_decay)
    names = {id(parameter): name.removeprefix("vit.") for name, parameter in model.named_parameters()}
    found = {
        names[id(parameter)]: (group.lr_scale, group.decays)
        for group in model.parameter_groups(layer_decay)
        for parameter in group.parameters
    }
    assert found.keys() == expected.keys()
    for name, (scale, decays) in expected.items():
        assert math.isclose(found[name][0], scale), name
        assert found[name][1] == decays, name


def test_heads_begin_as_their_authors_have_them() -> None:
    torch.manual_seed(0)
    assert 0.015 < TinyDeiT(200).head.weight.std().item() < 0.025
    assert 1.5e-5 < TinyMAE(200).head.weight.std().item() < 2.5e-5


@pytest.mark.parametrize("base", [DeiTSmall, MAEBase])
def test_pretrained_weights_are_those_of_the_file(base: type[ViTClassifier], tmp_path: Path) -> None:
    class Small(base):
        size = TINY

    torch.manual_seed(0)
    source = timm.create_model(base.architecture, num_classes=7, img_size=32, **TINY)
    folder = tmp_path / WEIGHTS[base]
    folder.mkdir(parents=True)
    state = {name: value for name, value in source.state_dict().items() if base is DeiTSmall or "head" not in name}
    save_file(state, folder / "model.safetensors")

    model = Small(2, weights=WEIGHTS[base], weights_dir=tmp_path, image_size=32)

    for name, value in model.vit.state_dict().items():
        if not name.startswith("head"):
            torch.testing.assert_close(value, source.state_dict()[name], rtol=0, atol=0)
    assert model.head.weight.shape == (2, TINY["embed_dim"])

    larger = Small(2, weights=WEIGHTS[base], weights_dir=tmp_path, image_size=64)
    assert larger(torch.zeros(1, 3, 64, 64)).shape == (1, 2)


def test_full_sizes_are_the_published_ones() -> None:
    with torch.device("meta"):
        sizes = [sum(one.numel() for one in model(1000).parameters()) for model in (DeiTSmall, MAEBase)]
    assert sizes == [22_050_664, 86_567_656]


@pytest.mark.parametrize(("name", "weights"), [("deit-s", WEIGHTS[DeiTSmall]), ("mae-vit-b16", WEIGHTS[MAEBase])])
def test_weights_that_are_not_there_are_asked_for(
    name: str, weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(
        MissingDataError, match=rf"{weights}: no such weights in .*`hf download {weights}` .*\(about \d+ MB"
    ):
        build_network(name, 2, weights=weights, image_size=224, weights_dir=tmp_path)


def test_options_of_its_own_reach_the_network_and_others_are_refused() -> None:
    deep = build_network("tiny-deit", 2, image_size=32, model_options={"drop_path": 0.5})
    assert "drop_prob=0.500" in repr(deep)
    with pytest.raises(
        UserError, match=r"model_options: unknown option of tiny-deit 'droppath': did you mean 'drop_path'"
    ):
        build_network("tiny-deit", 2, image_size=32, model_options={"droppath": 0.5})
    with pytest.raises(UserError, match=r"model_options: .*'image_size'"):
        build_network("tiny-deit", 2, image_size=32, model_options={"image_size": 48})
