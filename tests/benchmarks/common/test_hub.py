"""Weights of the Hugging Face Hub: where they are looked for, and what a message says of those that are not there."""

from pathlib import Path

import pytest

from provbench.benchmarks.common.hub import CLIP_FILES, TIMM_FILES, hub_file, hub_folder
from provbench.benchmarks.common.models import KNOWN, PACKAGES
from provbench.benchmarks.common.weights import HUB_MODELS, missing_weights
from provbench.registry import MODELS, MissingDataError

NAME = "timm/vit_base_patch16_224.mae"
OTHER = "openai/clip-vit-base-patch16"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    return folder


def cached(cache: Path, repository: str, *names: str) -> Path:
    """Makes what the hub's own client leaves of a download."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    for name in names:
        (snapshot / name).touch()
    return snapshot


def test_the_data_root_comes_before_the_cache(cache: Path, tmp_path: Path) -> None:
    snapshot = cached(cache, NAME, "config.json", "model.safetensors")
    assert hub_file(NAME, TIMM_FILES, tmp_path) == snapshot / "model.safetensors"

    own = tmp_path / NAME
    own.mkdir(parents=True)
    (own / "pytorch_model.bin").touch()
    assert hub_file(NAME, TIMM_FILES, tmp_path) == own / "pytorch_model.bin"


def test_what_is_not_whole_in_the_cache_does_not_count(cache: Path, tmp_path: Path) -> None:
    cached(cache, OTHER, "config.json", "vocab.json")
    with pytest.raises(MissingDataError) as raised:
        hub_folder(OTHER, CLIP_FILES, tmp_path)
    words = str(raised.value)
    assert words.startswith(
        f"{OTHER}: no such weights in {tmp_path / OTHER}, nor whole in the Hugging Face cache {cache}"
    )
    assert f"Run `hf download {OTHER}` (600 MB)" in words
    assert f"into {tmp_path / OTHER}, or set weights to null" in words


def test_missing_weights_are_told_before_any_training(cache: Path, tmp_path: Path) -> None:
    assert missing_weights("mae-vit-b16", None, tmp_path) == []
    (message,) = missing_weights("mae-vit-b16", NAME, tmp_path)
    assert message.startswith(f"weights of mae-vit-b16: {NAME}: no such weights")
    cached(cache, NAME, "model.safetensors")
    assert missing_weights("mae-vit-b16", NAME, tmp_path) == []


def test_the_tables_name_models_that_exist() -> None:
    assert {*KNOWN, *PACKAGES, *HUB_MODELS} <= set(MODELS.names())
    assert all(KNOWN[model] for model in HUB_MODELS)
