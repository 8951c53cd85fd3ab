"""Attention to the class's tokens as provenance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from provbench.registry import GENERATORS, UserError
from provbench.registry.generation.attention import AttentionParams, Collector, collecting, mask_of, overlap
from provbench.registry.generation.mini import new_unet


def params(**values: Any) -> AttentionParams:
    return AttentionParams.model_validate(values)


def attention(side: int, place: tuple[int, int], token: int, images: int = 1, heads: int = 2) -> torch.Tensor:
    """(images * heads, side², 5): all of the attention on a token at one place, and on the first token elsewhere."""
    found = torch.zeros(images * heads, side * side, 5)
    found[:, :, 0] = 1
    found[:, place[0] * side + place[1]] = torch.eye(5)[token]
    return found


def test_the_map_is_high_where_the_tokens_are_looked_at() -> None:
    collector = Collector(params(), [[2, 3]], (0, 1), 1)
    collector.take(attention(4, (1, 2), token=3), heads=2)
    (relevance,) = collector.maps(4)
    assert relevance[1, 2] == 1
    assert np.unravel_index(relevance.argmax(), (4, 4)) == (1, 2)
    assert mask_of(relevance).tolist() == (np.arange(16).reshape(4, 4) == 6).tolist()


def test_other_tokens_do_not_count_and_each_image_has_its_own() -> None:
    collector = Collector(params(), [[1], [3]], (0, 1), 1)
    collector.take(attention(4, (0, 0), token=3, images=2), heads=2)
    first, second = collector.maps(4)
    assert first.max() == 0
    assert second[0, 0] == 1


def test_only_the_conditioned_part_of_the_batch_counts() -> None:
    both = torch.cat([attention(4, (0, 0), token=1), attention(4, (3, 3), token=1)])
    for chunk, place in (((0, 2), (0, 0)), ((1, 2), (3, 3))):
        collector = Collector(params(), [[1]], chunk, 1)
        collector.take(both, heads=2)
        assert np.unravel_index(collector.maps(4)[0].argmax(), (4, 4)) == place


def test_steps_and_sides_are_chosen() -> None:
    collector = Collector(params(first=0.5, sides=(4,)), [[1]], (0, 1), 2)
    collector.take(attention(4, (0, 0), token=1), heads=2)
    collector.stepped()
    collector.take(attention(2, (0, 0), token=1), heads=2)
    with pytest.raises(UserError, match="no map was collected"):
        collector.maps(4)
    collector.take(attention(4, (3, 3), token=1), heads=2)
    assert np.unravel_index(collector.maps(4)[0].argmax(), (4, 4)) == (3, 3)


def test_sides_weigh_the_same_whatever_their_attention() -> None:
    collector = Collector(params(), [[1]], (0, 1), 1)
    collector.take(attention(4, (0, 0), token=1), heads=2)
    collector.take(0.01 * attention(8, (7, 7), token=1), heads=2)
    (relevance,) = collector.maps(8)
    assert relevance[7, 7] > 0.6
    assert relevance[0, 0] > 0.6


def test_masks_overlap() -> None:
    one, other = np.zeros((2, 2), bool), np.zeros((2, 2), bool)
    assert overlap(one, other) == 1
    one[0], other[:, 0] = True, True
    assert overlap(one, other) == pytest.approx(1 / 3)


def test_a_flat_map_has_no_target() -> None:
    assert not mask_of(np.zeros((4, 4))).any()


def test_a_model_without_such_attention_is_refused() -> None:
    class Transformer:
        attn_processors: dict[str, object] = {"blocks.0.attn.processor": object()}  # noqa: RUF012

    with (
        pytest.raises(UserError, match="diffusion transformers attend jointly"),
        collecting(Transformer(), Collector(params(), [[1]], (0, 1), 1)),
    ):
        pass


def test_a_diffusion_transformer_is_no_generator(tmp_path: Path) -> None:
    names = {"_class_name": "FluxPipeline", "scheduler": ["diffusers", "X"], "tokenizer": ["transformers", "X"]}
    (tmp_path / "model_index.json").write_text(json.dumps({**names, "transformer": ["diffusers", "X"]}))
    for folder in ("scheduler", "tokenizer", "transformer"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text("{}")
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "transformer" / "model.safetensors")
    generator = GENERATORS.build("stable-diffusion", model=str(tmp_path))
    assert generator.files.problems() == []
    with pytest.raises(UserError, match="has no U-Net but scheduler, tokenizer, transformer"):
        generator.load()


def test_layers_are_chosen_by_the_beginnings_of_their_names() -> None:
    unet = new_unet()
    inputs = (torch.randn(1, 12, 16, 16), torch.tensor([500]), torch.randn(1, 40, 96))

    def sides_of(**values: object) -> list[int]:
        collector = Collector(params(**values), [[1]], (0, 1), 1)
        with collecting(unet, collector):
            unet(*inputs)
        return sorted(collector._sums)

    assert sides_of() == [4, 8, 16]
    assert sides_of(layers=("mid_block", "up_blocks.2.attentions.0")) == [4, 16]
    with pytest.raises(UserError, match=r"none of up_blocks\.7 begins any of down_blocks\.1\.attentions\.0"):
        sides_of(layers=("up_blocks.7",))


def test_sets_from_before_layers_could_be_chosen_keep_their_identity() -> None:
    assert params().model_dump(mode="json") == {"first": 0.0, "last": 1.0, "sides": None, "blur": 0.0}
    assert params(layers=("mid_block",)).model_dump(mode="json")["layers"] == ["mid_block"]
