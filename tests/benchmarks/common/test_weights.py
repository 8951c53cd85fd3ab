import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torchvision.models

from provbench.benchmarks.common import weights as module
from provbench.benchmarks.common.models import KNOWN, PACKAGES
from provbench.benchmarks.common.weights import (
    FILES,
    HUB_MODELS,
    TRUNKS,
    TorchFile,
    missing_weights,
    torch_cache,
    torchvision_weights,
    weights_file,
)
from provbench.registry import MODELS, PRETRAINED, MissingDataError, UnknownNameError, UserError, weights_of
from tests.benchmarks.downloads.server import serving


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of torch's own cache, which holds nothing."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


def test_torch_s_own_cache_is_looked_into(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch_cache() == cache == Path(torch.hub.get_dir()) / "checkpoints"
    (message,) = missing_weights("resnet18", "IMAGENET1K_V1", tmp_path)
    assert f"no such weights (IMAGENET1K_V1 of resnet18, 46.8 MB), nor in torch's cache {cache}" in message

    cache.mkdir(parents=True)
    (cache / "resnet18-f37072fd.pth").touch()
    assert missing_weights("resnet18", "IMAGENET1K_V1", tmp_path) == []
    with pytest.raises(UserError, match=r"resnet18-f37072fd\.pth: its SHA-256 must begin with f37072fd"):
        weights_file("resnet18", "IMAGENET1K_V1", tmp_path)

    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert torch_cache() == Path(torch.hub.get_dir()) / "checkpoints"


def test_weights_of_the_hub_are_told_before_any_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    name = "timm/vit_base_patch16_224.mae"
    assert missing_weights("mae-vit-b16", None, tmp_path) == []
    (message,) = missing_weights("mae-vit-b16", name, tmp_path)
    assert message.startswith(f"weights of mae-vit-b16: {name}: no such weights in {tmp_path / name}")
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / name / "model.safetensors").touch()
    assert missing_weights("mae-vit-b16", name, tmp_path) == []


def test_the_tables_name_models_that_exist() -> None:
    assert {*KNOWN, *PACKAGES, *HUB_MODELS, *TRUNKS, *PRETRAINED} <= set(MODELS.names())
    assert all(KNOWN[model] for model in HUB_MODELS)


def test_missing_weights_are_asked_for_by_address_and_place(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError) as raised:
        torchvision_weights("vgg16", "IMAGENET1K_V1", tmp_path)

    assert str(tmp_path / "vgg16-397923af.pth") in str(raised.value)
    assert "https://download.pytorch.org/models/vgg16-397923af.pth" in str(raised.value)


def test_unknown_weights_are_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"weights of resnet50 'IMAGENET1K_V3': did you mean 'IMAGENET1K_V[12]'"):
        torchvision_weights("resnet50", "IMAGENET1K_V3", tmp_path)


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "resnet50-0676ba61.pth").write_bytes(b"<html>not found</html>")

    with pytest.raises(UserError, match=r"SHA-256 must begin with 0676ba61 \(got [0-9a-f]{8}\)"):
        torchvision_weights("resnet50", "IMAGENET1K_V1", tmp_path)


def test_weights_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of ours in the place of torchvision's, its name telling its hash as theirs do."""
    torch.save({"fc.weight": torch.arange(6.0).view(2, 3)}, tmp_path / "saved")
    content = (tmp_path / "saved").read_bytes()
    name = f"net-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    (tmp_path / name).write_bytes(content)
    listed = SimpleNamespace(__members__={"OURS": SimpleNamespace(url=f"https://example.org/{name}")})
    monkeypatch.setattr(torchvision.models, "get_model_weights", lambda model: listed)

    state = torchvision_weights("net", "OURS", tmp_path)

    assert list(state) == ["fc.weight"]
    torch.testing.assert_close(state["fc.weight"], torch.arange(6.0).view(2, 3))


class TestFetching:
    CONTENT = b"weights" * 1000

    @pytest.fixture
    def file(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """The name of a file on loopback that stands in the place of a network's."""
        name = f"net-{hashlib.sha256(self.CONTENT).hexdigest()[:8]}.pth"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with serving() as site:
            site.add(name, self.CONTENT)
            site.add("net-00000000.pth", self.CONTENT)
            monkeypatch.setattr(module, "ADDRESS", f"{site.address}/")
            yield name

    def test_into_torch_s_cache_by_torch(self, cache: Path, file: str, tmp_path: Path) -> None:
        weights = TorchFile("resnet50", "OURS", file, tmp_path)
        assert weights.find() is None
        weights.fetch(bars=False)
        assert weights.find() == cache / file
        assert (cache / file).read_bytes() == self.CONTENT
        assert weights.problems() == []

    def test_another_content_and_no_such_file_are_refused(self, cache: Path, file: str, tmp_path: Path) -> None:
        for name, words in (("net-00000000.pth", "invalid hash value"), ("gone-01234567.pth", "HTTP Error 404")):
            with pytest.raises(UserError, match=f"could not be fetched .*{words}.*bring the file to {cache / name}"):
                TorchFile("resnet50", "OURS", name, tmp_path).fetch(bars=False)
        assert not list(cache.iterdir())

    def test_no_network(self, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "ADDRESS", "http://127.0.0.1:1/")
        with pytest.raises(UserError, match=r"could not be fetched \(URLError: .*where there is no network"):
            TorchFile("resnet50", "OURS", "net-01234567.pth", tmp_path).fetch(bars=False)


def test_every_network_that_names_weights_tells_what_it_reads(tmp_path: Path) -> None:
    for model, weights in {**KNOWN, **{model: name for model, name in FILES if model in TRUNKS}}.items():
        read = weights_of(model, weights, tmp_path)
        assert len(read) == (weights is not None), model
        for one in read:
            assert one.facts.size, model
            assert one.facts.licence, model
