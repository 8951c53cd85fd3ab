"""Sets that a tiny model with random weights generates, from captions to masks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry import SYNTHESIZERS, MissingDataError, Share, UserError
from provbench.registry.base import read_image, read_mask
from provbench.registry.generation.generated import Generated
from provbench.registry.synthesizers import read_manifest

pytestmark = pytest.mark.slow
LORA = {"name": "lora", "rank": 4, "epochs": 2, "batch_size": 2, "warmup": 1, "lr": 0.01}
BOB = {
    "context": "exact",
    "prompts": "bank",
    "sampler": {"name": "text-to-image", "steps": 3},
    "template": "a bird photo of a {class} in the {background} background",
    "per_class": 3,
    "batch_size": 2,
}


def make(data: Any, out: Path, **params: Any) -> Generated:
    made = SYNTHESIZERS.build("generated", **params)
    out.mkdir(exist_ok=True)
    made.synthesize(data, out, lambda *_: None)
    return made


def files_of(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_any_number_of_workers_interrupted_or_not_makes_the_same_files(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path
) -> None:
    params = {**BOB, "generator": tiny_generator, "tuner": LORA, "provenance": "attention"}
    make(drawn, tmp_path / "one", **params)
    (tmp_path / "three").mkdir()
    for phase in Generated.phases:
        for number in (2, 0, 1) if phase == "draw" else range(3):
            worker = SYNTHESIZERS.build("generated", **params)
            worker.work(phase, drawn, tmp_path / "three", Share(number, 3), lambda *_: None)
    assert SYNTHESIZERS.build("generated", **params).finish(drawn, tmp_path / "three")
    assert files_of(tmp_path / "three") == files_of(tmp_path / "one")

    begun = SYNTHESIZERS.build("generated", **params)
    (tmp_path / "begun").mkdir()
    for phase in Generated.phases:
        begun.work(phase, drawn, tmp_path / "begun", Share(limit=1), lambda *_: None)
    assert not begun.finish(drawn, tmp_path / "begun")
    assert 0 < begun.estimate(drawn, tmp_path / "begun", Share()).images < 6
    make(drawn, tmp_path / "begun", **params)
    assert files_of(tmp_path / "begun") == files_of(tmp_path / "one")

    made = read_manifest(tmp_path / "one")
    assert [row.label for row in made.rows] == [0, 0, 0, 1, 1, 1]
    first = made.rows[0]
    assert first.prompt is not None
    assert first.prompt.startswith("a bird photo of a red gull in the place ")
    assert first.contexts is not None
    assert first.model == "tiny@local"
    assert first.lora == files_of(tmp_path / "one")["lora/dataset.safetensors"]
    mask = made.mask(0)
    assert mask is not None
    assert 0 < mask.mean() < 1
    assert mask.shape == (16, 16)


def test_tuning_changes_what_is_generated_and_its_file_is_enough_to_do_so(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path
) -> None:
    params = {**BOB, "generator": tiny_generator}
    make(drawn, tmp_path / "plain", **params)
    make(drawn, tmp_path / "tuned", tuner=LORA, **params)
    plain, tuned = (read_image(tmp_path / name / "images/00000-00000.png") for name in ("plain", "tuned"))
    assert not np.array_equal(plain, tuned)
    (tmp_path / "again").mkdir()
    (tmp_path / "tuned" / "lora").rename(tmp_path / "again" / "lora")
    make(drawn, tmp_path / "again", tuner=LORA, **params)
    assert np.array_equal(read_image(tmp_path / "again/images/00000-00000.png"), tuned)


def test_edits_have_two_masks_and_their_agreement(drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path) -> None:
    sampler = {"name": "image-to-image", "steps": 4, "strength": 0.5, "sources": "other-class"}
    params = {"generator": tiny_generator, "sampler": sampler, "labels": "mix", "per_class": 1}
    make(drawn, tmp_path / "edits", provenance="attention", **params)
    (row, _) = read_manifest(tmp_path / "edits").rows
    assert row.source is not None
    assert row.source.startswith("class 1/")
    assert row.labels is not None
    assert [label for label, _ in row.labels] == [0, 1]
    assert row.agreement is not None
    attention = read_mask(tmp_path / "edits/masks/00000-00000.png")
    difference = read_mask(tmp_path / "edits/masks-difference/00000-00000.png")
    union = (attention | difference).sum()
    assert row.agreement == pytest.approx((attention & difference).sum() / union)


def test_a_locked_target_keeps_its_pixels_and_is_the_mask(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path
) -> None:
    sampler = {"name": "inpaint", "steps": 3}
    make(drawn, tmp_path / "set", generator=tiny_generator, sampler=sampler, per_class=1, provenance="exact")
    made = read_manifest(tmp_path / "set")
    mask, image = made.mask(0), made.image(0)
    assert mask is not None
    assert (image[mask] == [250, 0, 0]).mean() > 0.8  # the resized outline takes a column of the background along
    assert not (image[~mask] == [250, 0, 0]).all(axis=1).any()


@pytest.mark.parametrize(
    "tuner",
    [
        {**LORA, "per": "shared-A"},
        {**LORA, "per": "image", "text_encoder": False},
        {"name": "textual-inversion", "max_steps": 2, "warmup": 0, "lr": 0.1},
        {"name": "textual-inversion+lora", "max_steps": 2, "warmup": 0, "lr": 0.01},
    ],
    ids=["shared-A", "image", "tokens", "tokens+lora"],
)
def test_every_tuner_changes_what_is_generated(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path, tuner: dict[str, Any]
) -> None:
    params = {"generator": tiny_generator, "sampler": {"name": "text-to-image", "steps": 2}, "per_class": 1}
    make(drawn, tmp_path / "plain", **params)
    make(drawn, tmp_path / "tuned", tuner=tuner, **params)
    plain, tuned = (read_image(tmp_path / name / "images/00000-00000.png") for name in ("plain", "tuned"))
    assert not np.array_equal(plain, tuned)


def test_an_interrupted_tuning_ends_as_one_that_was_not(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path
) -> None:
    params = {**BOB, "generator": tiny_generator, "tuner": {**LORA, "epochs": 3, "save_every": 2}}
    make(drawn, tmp_path / "one", **params)
    (tmp_path / "two").mkdir()

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    worker = SYNTHESIZERS.build("generated", **params)
    worker.work("describe", drawn, tmp_path / "two", Share(), lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        worker.work("tune", drawn, tmp_path / "two", Share(), stop)
    assert list((tmp_path / "two" / ".states").iterdir())
    make(drawn, tmp_path / "two", **params)
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")


def test_a_prompt_that_is_too_long_is_refused_or_cut_off(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path
) -> None:
    params = {"generator": tiny_generator, "sampler": {"name": "text-to-image", "steps": 1}, "per_class": 1}
    long = "a {class} " + "and so on " * 10
    with pytest.raises(UserError, match=r"has \d+ tokens, and the model reads 77: shorten"):
        make(drawn, tmp_path / "set", template=long, **params)
    assert not list((tmp_path / "set").rglob("*.png"))
    make(drawn, tmp_path / "set", template=long, long_prompts="truncate", provenance="attention", **params)


def test_memory_that_is_short_halves_the_batch(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from provbench.registry.generation.samplers.text_to_image import TextToImage

    sizes: list[int] = []
    draw = TextToImage.draw

    def short(self: Any, pipeline: Any, orders: Any, data: Any, size: int) -> Any:
        sizes.append(len(orders))
        if len(orders) > most:
            raise torch.OutOfMemoryError("short")
        return draw(self, pipeline, orders, data, size)

    monkeypatch.setattr(TextToImage, "draw", short)
    params = {"generator": tiny_generator, "sampler": {"name": "text-to-image", "steps": 1}, "per_class": (4, 0)}
    most = 1
    make(drawn, tmp_path / "set", **params)
    assert sizes == [4, 2, 1, 1, 1, 1]
    most = 0
    with pytest.raises(UserError, match="one image of 16 pixels does not fit into memory"):
        make(drawn, tmp_path / "none", **params)


def test_a_full_disk_leaves_nothing_half_written(
    drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provbench.registry.generation import generated

    monkeypatch.setattr(generated.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100})())
    with pytest.raises(UserError, match="free some"):
        make(drawn, tmp_path / "set", generator=tiny_generator, per_class=1)
    assert not list((tmp_path / "set").rglob("*.png"))


def test_a_model_that_is_half_there_is_named(drawn: Any, tiny_model: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "model"
    shutil.copytree(tiny_model, copy)
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    made = SYNTHESIZERS.build("generated", generator={"name": "stable-diffusion", "model": str(copy), "size": 16})
    assert any("unet/diffusion_pytorch_model.safetensors is torn" in one for one in made.missing_inputs(drawn))
    weights.unlink()
    with pytest.raises(MissingDataError, match=r"unet/\*.safetensors is missing"):
        make(drawn, tmp_path / "set", generator={"name": "stable-diffusion", "model": str(copy), "size": 16})


def test_tuned_weights_are_files_that_diffusers_loads(
    drawn: Any, tiny_generator: dict[str, Any], tiny_model: Path, tmp_path: Path
) -> None:
    from provbench.registry import GENERATORS, IMAGE_SAMPLERS

    tuner = {**LORA, "text_encoder": False}
    sampler = {"name": "text-to-image", "steps": 2}
    made = make(
        drawn, tmp_path / "set", generator=tiny_generator, tuner=tuner, sampler=sampler, per_class=1, batch_size=1
    )
    (order, _) = made.orders(drawn, tmp_path / "set")
    pipeline = GENERATORS.build("stable-diffusion", model=str(tiny_model), size=16).load()
    pipeline.load_lora_weights(str(tmp_path / "set" / "lora"), weight_name="dataset.safetensors")
    drawer = IMAGE_SAMPLERS.build("text-to-image", steps=2)
    (image,) = drawer.draw(drawer.pipeline(pipeline), [order], drawn, 16)
    assert np.array_equal(image, read_image(tmp_path / "set" / "images" / "00000-00000.png"))
