"""The recipe that ALIA trains its classifiers with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from provbench.registry import tunable

from .image_recipe import ImageRecipe


class AliaRecipe(ImageRecipe):
    """ResNet-50 from ImageNet, images resized and not augmented, the best epoch by validation.

    Source: Dunlap et al., "Diversify Your Vision Datasets with Automatic Diffusion-Based Augmentation" (NeurIPS 2023),
    configurations of the reference implementation lisadunlap/ALIA.
    """

    model: str = Field("resnet50", description="registered model name")
    weights: str | None = Field("IMAGENET1K_V1", description="torchvision's name of pretrained weights; null: random")
    class_weighted: bool = Field(True, description="weigh the loss by the inverse of the class frequencies in training")
    epochs: int = Field(100, ge=1)
    batch_size: int = Field(128, ge=1)
    nesterov: bool = Field(False, description="momentum in Nesterov's form")
    lr: float = tunable(1e-3, low=1e-5, high=1e-1, log=True, gt=0, description="learning rate of the backbone")
    weight_decay: float = tunable(1e-4, low=1e-6, high=1e-2, log=True, ge=0)
    checkpoint: Literal["last", "best"] = Field("best", description="which epoch is tested; best: by val metric")
    hflip: bool = Field(False, description="mirror half of the training images")


ALIA_MINI: Mapping[str, Any] = MappingProxyType(
    {
        "model": "tiny-cnn",
        "weights": None,
        "epochs": 12,
        "batch_size": 32,
        "optimizer": "adamw",
        "lr": 3e-3,
        "weight_decay": 1e-2,
    }
)
"""Parameters of the recipe's tasks in their mini variants; each adds its size of images."""
