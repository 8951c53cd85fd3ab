from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from provbench.registry.base import MissingDataError, UserError
from provbench.registry.generation.mini import (
    WEIGHTS,
    check_files,
    load_pipeline,
    new_scheduler,
    new_text_encoder,
    new_tokenizer,
    new_unet,
    weights_digests,
)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mini")
    torch.manual_seed(0)
    tokenizer = new_tokenizer(["a bird photo of a bird"])
    tokenizer.save_pretrained(folder / "tokenizer")
    new_unet().save_pretrained(folder / "unet")
    new_text_encoder(len(tokenizer)).save_pretrained(folder / "text_encoder")
    new_scheduler().save_pretrained(folder / "scheduler")
    return folder


def images(pipeline: Any, prompt: str, **options: Any) -> np.ndarray:
    noise = torch.Generator().manual_seed(0)
    return pipeline(prompt, num_inference_steps=2, generator=noise, output_type="np", **options).images


def test_the_pipeline_is_one_of_diffusers(untrained: Path) -> None:
    pipeline = load_pipeline(untrained)

    first, same = (images(pipeline, "a bird photo of a Zorpal finch 😀", guidance_scale=2.0) for _ in range(2))

    assert first.shape == (1, 32, 32, 3)
    assert (first == same).all()
    assert (first != images(pipeline, "", guidance_scale=2.0)).any()
    assert any(name.endswith("attn2.processor") for name in pipeline.unet.attn_processors)
    assert pipeline.unet.dtype == torch.float32


def test_edits_go_through_the_folded_pixels(untrained: Path) -> None:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import StableDiffusionImg2ImgPipeline

    edits: Any = StableDiffusionImg2ImgPipeline(**load_pipeline(untrained).components, requires_safety_checker=False)
    edits.set_progress_bar_config(disable=True)
    image = np.random.default_rng(0).random((1, 32, 32, 3), dtype=np.float32)

    edited = images(edits, "a bird", image=image, strength=1.0)

    assert edited.shape == image.shape
    assert (edited != image).any()


def test_a_missing_file_is_named(untrained: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"scheduler_config.json: no such file.*mini_diffusion"):
        load_pipeline(tmp_path)


def test_a_damaged_model_is_named(untrained: Path, tmp_path: Path) -> None:
    for name in weights_digests(untrained):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((untrained / name).read_bytes()[:100])

    with pytest.raises(UserError, match="cannot be read as the weights of mini-diffusion"):
        load_pipeline(tmp_path)


def test_digests_are_those_of_the_files(untrained: Path) -> None:
    digests = weights_digests(untrained)

    assert digests.keys() == weights_digests().keys()
    assert digests != weights_digests()


def test_shipped_files_are_whole() -> None:
    check_files()

    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*.safetensors")) < 8e6


def test_a_shipped_file_with_other_contents_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from provbench.registry.generation.mini import shipped

    for name in weights_digests():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"other")
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)

    with pytest.raises(UserError, match=r"its SHA-256 must be .*: Install provbench again"):
        check_files(tmp_path)
