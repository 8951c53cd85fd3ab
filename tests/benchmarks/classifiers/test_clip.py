"""CLIP with adapters: logits by their definition, texts, pixels, and weights from a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CLIPModel, CLIPTokenizer

from provbench.benchmarks.classifiers.clip import (
    BYTES,
    MEAN,
    STD,
    CLIPClassifier,
    TinyCLIP,
    byte_tokens,
    random_config,
    tokenize,
)
from provbench.registry import FeatureNetwork, MissingDataError, build_network

OPENAI = "openai/clip-vit-base-patch16"
NAMES = ("Black_footed_Albatross", "wren", "Käuzchen")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def tiny(**options: object) -> TinyCLIP:
    torch.manual_seed(0)
    return TinyCLIP(3, class_names=NAMES, image_size=32, **options).eval()  # pyright: ignore[reportArgumentType]


def test_only_the_adapters_of_queries_and_values_learn() -> None:
    learning = {name for name, one in tiny().named_parameters() if one.requires_grad}
    towers = ("text_model", "vision_model")
    expected = {
        f"clip.{tower}.encoder.layers.{layer}.self_attn.{part}_proj.lora_{half}.default.weight"
        for tower in towers
        for layer in range(2)
        for part in "qv"
        for half in "AB"
    }
    assert learning == expected


def test_logits_are_scaled_cosines_of_transformers_own_embeddings() -> None:
    model = tiny(class_prompt="a bird photo of a {}")
    torch.manual_seed(0)
    plain = CLIPModel(random_config(32, tiny=True)).eval()  # new adapters add nothing
    images = torch.randn(2, 3, 32, 32)
    tokens = byte_tokens([f"a bird photo of a {name}" for name in NAMES], plain.config.text_config)
    expected = plain(input_ids=tokens, pixel_values=images).logits_per_image

    torch.testing.assert_close(model(images), expected)


def test_inputs_are_brought_to_clip_s_own_statistics() -> None:
    pixels = torch.rand(2, 3, 32, 32)

    def normalised(mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
        return (pixels - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)

    own, task = tiny(), tiny(normalization=IMAGENET)
    torch.testing.assert_close(task(normalised(*IMAGENET)), own(normalised(MEAN, STD)), rtol=1e-4, atol=1e-4)


def test_a_longer_padding_changes_nothing() -> None:
    model, images = tiny(), torch.randn(1, 3, 32, 32)
    short = model(images)
    padding = model.tokens.new_full((3, 5), BYTES + 1)
    model.tokens = torch.cat([model.tokens, padding], dim=1)
    torch.testing.assert_close(model(images), short)


def test_texts_of_any_length_fit() -> None:
    config = random_config(32, tiny=True).text_config
    tokens = byte_tokens(["x" * 500, "é"], config)
    assert tokens.shape == (2, 77)
    assert tokens[0, -1] == BYTES + 1
    assert tokens[1, :4].tolist() == [BYTES, 0xC3, 0xA9, BYTES + 1]


def test_images_of_another_size_and_feature_maps() -> None:
    model: Any = build_network(
        "tiny-clip", 2, offers=FeatureNetwork, weights=None, image_size=32, class_names=["a", "b"]
    )
    assert model.feature_maps(torch.zeros(2, 3, 32, 32)).shape == (2, 32, 4, 4)
    with pytest.raises(ValueError, match="class_names must name 2 classes"):
        TinyCLIP(2, class_names=["a"])


def vocabulary(folder: Path) -> None:
    """Writes a tokenizer's files: letters, letters at the end of a word, and the two special tokens."""
    letters = [chr(code) for code in range(33, 127)]
    names = [*letters, *(f"{letter}</w>" for letter in letters)]
    names += [str(number) for number in range(BYTES - len(names))]
    names += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({name: number for number, name in enumerate(names)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")


@pytest.fixture
def weights_dir(tmp_path: Path) -> Path:
    """A data root's folder of weights with a small CLIP under the name of OpenAI's."""
    torch.manual_seed(1)
    folder = tmp_path / OPENAI
    CLIPModel(random_config(32, tiny=True)).save_pretrained(folder)
    vocabulary(folder)
    return tmp_path


def test_pretrained_weights_and_their_vocabulary_are_those_of_the_folder(weights_dir: Path) -> None:
    options = {"weights": OPENAI, "weights_dir": weights_dir, "class_names": ["wren", "owl"]}
    model = build_network("clip-vit-b16", 2, image_size=32, **options).eval()
    assert isinstance(model, CLIPClassifier)
    source = CLIPModel.from_pretrained(weights_dir / OPENAI)
    tokens = CLIPTokenizer.from_pretrained(weights_dir / OPENAI)(
        ["a photo of a wren", "a photo of a owl"], padding=True, return_tensors="pt"
    )["input_ids"]
    assert torch.equal(model.tokens, tokens)
    assert tokens[0, 0] == BYTES
    assert tokens[0, -1] == BYTES + 1

    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model(images), source(input_ids=tokens, pixel_values=images).logits_per_image)
    other = build_network("clip-vit-b16", 2, image_size=48, **options).eval()
    assert other(torch.randn(2, 3, 48, 48)).shape == (2, 2)


def test_texts_are_cut_to_what_the_text_tower_takes(weights_dir: Path) -> None:
    tokens = tokenize(["word " * 100], weights_dir / OPENAI, 77)
    assert tokens.shape == (1, 77)
    assert tokens[0, -1] == BYTES + 1


def test_weights_that_are_not_there_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(
        MissingDataError, match=rf"{OPENAI}: no such weights in .*`hf download {OPENAI}` .*\(about 600 MB"
    ):
        build_network("clip-vit-b16", 2, weights=OPENAI, image_size=224, weights_dir=tmp_path)
    (tmp_path / OPENAI).mkdir(parents=True)
    with pytest.raises(MissingDataError, match=r"lacks config\.json, model\.safetensors or pytorch_model\.bin, "):
        build_network("clip-vit-b16", 2, weights=OPENAI, image_size=224, weights_dir=tmp_path)


def test_full_sizes_are_the_published_ones() -> None:
    """149.6 million with the full vocabulary of 49,408 tokens, of 512 numbers each; here tokens are bytes."""
    with torch.device("meta"):
        size = sum(one.numel() for one in CLIPModel(random_config(224, tiny=False)).parameters())
    assert size + (49_408 - BYTES - 2) * 512 == 149_620_737
