from typing import Any

import torch

from provbench.registry.generation.mini import Folding


def test_folding_loses_nothing() -> None:
    images = torch.rand(2, 3, 8, 6)
    model: Any = Folding()

    latents = model.encode(images).latent_dist.sample()

    assert latents.shape == (2, 12, 4, 3)
    assert latents[0, :4, 0, 0].tolist() == images[0, 0, :2, :2].flatten().tolist()  # the first square of the red plane
    assert torch.equal(model.decode(latents).sample, images)
    assert torch.equal(model.decode(latents, return_dict=False)[0], images)


def test_folding_tells_pipelines_its_type_and_place() -> None:
    model = Folding()

    assert model.dtype == torch.float32
    assert model.device == torch.device("cpu")
    assert 2 ** (len(model.config["block_out_channels"]) - 1) == 2
    assert not list(model.parameters())
