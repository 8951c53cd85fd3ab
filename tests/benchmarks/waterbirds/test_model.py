from pathlib import Path

import pytest
import torch

from provbench.benchmarks.waterbirds.model import TinyCNN
from provbench.registry import UserError, build_network


@pytest.mark.parametrize("size", [64, 33])
def test_images_become_one_logit_a_class(size: int, tmp_path: Path) -> None:
    model = build_network("tiny-cnn", 3, weights=None, image_size=size, weights_dir=tmp_path)

    assert model(torch.zeros(2, 3, size, size)).shape == (2, 3)


def test_the_new_parameters_are_those_of_the_last_layer() -> None:
    model = TinyCNN(2)

    assert [tuple(parameter.shape) for parameter in model.new_parameters()] == [(2, 64), (2,)]
    mine = {id(parameter) for parameter in model.parameters()}
    assert all(id(parameter) in mine for parameter in model.new_parameters())


def test_samples_of_a_batch_do_not_interact_in_the_tiny_net() -> None:
    model = TinyCNN(2).train()
    images = torch.randn(4, 3, 32, 32, requires_grad=True)

    torch.testing.assert_close(model(images)[1], model(images[1:2])[0])
    (gradient,) = torch.autograd.grad(model(images)[1, 0], images)
    assert gradient[1].abs().sum() > 0
    assert not gradient[[0, 2, 3]].any()


def test_weights_that_cannot_be_had_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the mini networks have MINI_WORLD.*got 'IMAGENET1K_V1'"):
        build_network("tiny-cnn", 2, weights="IMAGENET1K_V1", image_size=64, weights_dir=tmp_path)


def test_a_head_may_begin_with_zeros() -> None:
    model = build_network("tiny-cnn", 2, weights="MINI_WORLD", model_options={"zero_head": True})

    assert not any(parameter.any() for parameter in model.head.parameters())  # pyright: ignore
    assert not model(torch.randn(3, 3, 32, 32)).any()
