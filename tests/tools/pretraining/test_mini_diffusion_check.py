import torch

from provbench.benchmarks.common import BACKGROUNDS, POSES
from provbench.tools.pretraining.mini_diffusion_check import accuracy, fitted, full_caption, wanted


def test_all_backgrounds_and_poses_are_asked_for_equally_often() -> None:
    shown = wanted(100)

    pairs = [(one.background, one.pose) for one in shown]

    assert {pairs.count((background, pose)) for background in BACKGROUNDS for pose in POSES} == {2}
    assert shown[0].background in full_caption(shown[0])


def test_the_probe_finds_a_line() -> None:
    inputs = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    labels = (inputs[:, 1] > 0.2).long()

    assert accuracy(fitted(inputs, labels, 2), inputs, labels) > 97
