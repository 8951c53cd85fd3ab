"""Weights of the Hugging Face Hub: where they are looked for, and what a message says of those that are not there."""

from pathlib import Path

import pytest

from provbench.registry import MissingDataError
from provbench.registry.base import CLIP_FILES, TIMM_FILES, hub_file, hub_folder

NAME = "timm/vit_base_patch16_224.mae"
OTHER = "openai/clip-vit-base-patch16"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub"
    monkeypatch.delenv("PROVBENCH_MODELS", raising=False)
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
    assert f"`hf download {OTHER}` fetches them (about 600 MB)" in words
    assert words.endswith(f"tokenizer.json or vocab.json) into {tmp_path / OTHER}.")
    with pytest.raises(MissingDataError, match=r"or do without\.$"):
        hub_folder(OTHER, CLIP_FILES, tmp_path, otherwise=", or do without")


def test_a_folder_of_models_may_be_named(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingDataError, match=r"no such weights in the folder PROVBENCH_MODELS, .*into \$PROVBENCH_M"):
        hub_folder(NAME, TIMM_FILES)
    monkeypatch.setenv("PROVBENCH_MODELS", str(tmp_path / "models"))
    with pytest.raises(MissingDataError, match=f"in {tmp_path / 'data' / NAME}, {tmp_path / 'models' / NAME}, nor"):
        hub_folder(NAME, TIMM_FILES, tmp_path / "data")
    (tmp_path / "models" / NAME).mkdir(parents=True)
    (tmp_path / "models" / NAME / "model.safetensors").touch()
    assert hub_folder(NAME, TIMM_FILES, tmp_path / "data") == tmp_path / "models" / NAME
