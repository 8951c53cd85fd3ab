"""Weights of the hub, fetched from one on loopback into a cache of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provbench.registry import MissingDataError, UserError
from provbench.registry.base import CLIP_FILES, TIMM_FILES, HubWeights, Shipped, download_from_hub, weight_facts

from .fake_hub import Hub, hub_of

REPOSITORIES = {
    "someone/clip": {
        "config.json": b"{}",
        "vocab.json": b"[]",
        "model.safetensors": b"weights",
        "pytorch_model.bin": b"the same weights",
        "tf_model.h5": b"the same weights",
    },
    "someone/old": {"config.json": b"{}", "pytorch_model.bin": b"weights"},
    "someone/empty": {"config.json": b"{}", "README.md": b""},
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.delenv("PROVBENCH_MODELS", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with hub_of(REPOSITORIES) as running:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", running.address)  # as HF_ENDPOINT does at the start
        template = f"{running.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield running


def test_safetensors_and_configuration_are_fetched_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    weights = HubWeights("someone/clip", CLIP_FILES, tmp_path / "data")
    assert weights.find() is None
    (problem,) = weights.problems()
    assert "`provbench data weights SUITE --download`" in problem
    weights.fetch(bars=False)
    assert sorted(hub.fetched) == [
        f"someone/clip/{name}" for name in ("config.json", "model.safetensors", "vocab.json")
    ]
    found = weights.find()
    assert found is not None
    assert (found / "model.safetensors").read_bytes() == b"weights"
    assert found.is_relative_to(tmp_path / "hub")
    assert weights.problems() == []


def test_an_old_repository_has_its_other_checkpoint_fetched(hub: Hub) -> None:
    weights = HubWeights("someone/old", TIMM_FILES)
    weights.fetch(bars=False)
    assert "someone/old/pytorch_model.bin" in hub.fetched
    assert weights.find()


def test_what_cannot_be_fetched_is_one_clear_error(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingDataError, match="someone/empty: no such weights"):
        HubWeights("someone/empty", TIMM_FILES).fetch(bars=False)
    with pytest.raises(UserError, match=r"the model someone/else@v2 could not be downloaded \(RepositoryNotFoundError"):
        download_from_hub("someone/else", "v2", ["*.json"], bars=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set"):
        HubWeights("someone/clip", CLIP_FILES).fetch(bars=False)


def test_shipped_weights_tell_their_own_size(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a").write_bytes(b"0" * 1500)
    shipped = Shipped("mine", tmp_path / "model")
    assert (shipped.facts.size, shipped.find(), shipped.problems()) == (1500, tmp_path / "model", [])
    gone = Shipped("mine", tmp_path / "gone")
    assert gone.find() is None
    with pytest.raises(MissingDataError, match="gone: no such weights"):
        gone.fetch()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet50-11ad3fa6.pth", "102.5 MB"),
        ("timm/vit_base_patch16_224.mae", "about 343 MB"),
        ("stabilityai/stable-diffusion-2-1-base", "about 5.2 GB"),
        ("nobody/knows", "of unknown size"),
    ],
)
def test_sizes_in_words(name: str, words: str) -> None:
    facts = weight_facts(name)
    assert facts.words == words
    assert bool(facts.source) == (facts.size is not None)
    assert not (facts.rounded and facts.verified)
