from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from provbench.registry.generation.mini import load_pipeline
from provbench.tools.pretraining import mini_diffusion
from provbench.tools.pretraining.mini_captions import ASPECTS
from provbench.tools.pretraining.mini_diffusion import Pictures, Reader, Training


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return Pictures.of(12, 0)


def test_batches_are_folded_and_weigh_the_bird_more(pictures: Pictures) -> None:
    latents, weights = pictures.batch(torch.tensor([3, 3]), torch.tensor([False, True]))
    image, mask = pictures.images[3].float() / 127.5 - 1, pictures.masks[3]

    assert latents.shape == weights.shape == (2, 12, 16, 16)
    assert latents[0, :4, 0, 0].tolist() == (2 * image[0, :2, :2]).flatten().tolist()
    assert torch.equal(latents[1, 0], latents[0, 1].flip(1))  # the columns of a square change places, too
    assert weights[0].mean() == pytest.approx(1 + 2 * mask.float().mean().item(), abs=1e-5)


@pytest.mark.slow
def test_an_interrupted_training_ends_with_the_same_weights(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mini_diffusion, "BATCH", 4)

    def training(name: str) -> Training:
        torch.manual_seed(0)
        (tmp_path / name).mkdir(exist_ok=True)
        return Training(tmp_path / name, pictures, 3, 0)

    training("whole").run(1)
    broken = training("parts")
    advance = broken._advance
    monkeypatch.setattr(broken, "_advance", lambda: advance() if broken.step < 2 else _interrupt())
    with pytest.raises(KeyboardInterrupt):
        broken.run(1)
    resumed = training("parts")
    assert resumed.step == 2
    resumed.run(1)
    resumed.export()
    training("whole").export()

    whole, parts = (load_pipeline(tmp_path / name) for name in ("whole", "parts"))
    for one, other in zip(whole.unet.parameters(), parts.unet.parameters(), strict=True):
        assert torch.equal(one, other)
    assert resumed.held_out(pictures) > 0


def _interrupt() -> float:
    raise KeyboardInterrupt


def test_the_reader_is_asked_only_what_captions_tell() -> None:
    reader = Reader()
    ends = torch.randn(3, 96, requires_grad=True)

    loss = reader(ends, [{"pose": "flying"}, {}, {"pose": "diving", "beak": "dark"}])
    loss.backward()

    expected = [
        cross_entropy(reader.heads[aspect](ends[row]), torch.tensor(ASPECTS[aspect].index(value)))
        for row, aspect, value in [(0, "pose", "flying"), (2, "pose", "diving"), (2, "beak", "dark")]
    ]
    assert loss.item() == pytest.approx(sum(one.item() for one in expected) / 3)
    assert ends.grad is not None
    assert not ends.grad[1].any()
    assert reader(ends, [{}, {}, {}]).item() == 0
