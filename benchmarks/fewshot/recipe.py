"""The parameters of few-shot and long-tail tasks: which images, and BOB's recipe."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provbench.registry import tunable

from ..common import ImageRecipe


class BobRecipe(ImageRecipe):
    """The recipe of BOB's and DataDream's classifiers, with ResNet-50.

    Source: Yang et al., "Beyond Objects" (CVPR 2026), by notes on its code. Not known are the learning rate, weight
    decay and weight of the real loss that each data set's search chose; the defaults are in the middle of its grid.
    """

    model: str = Field("resnet50", description="registered model name")
    weights: str | None = Field("IMAGENET1K_V2", description="name of pretrained weights; null: random")
    epochs: int = Field(100, ge=1)
    batch_size: int = Field(64, ge=1)
    optimizer: Literal["sgd", "adamw"] = "adamw"
    lr: float = tunable(1e-4, low=1e-7, high=1e-3, log=True, gt=0, description="learning rate of the backbone")
    weight_decay: float = tunable(1e-4, low=1e-6, high=1e-1, log=True, ge=0)
    warmup_epochs: int = Field(3, ge=0, description="linear warm-up, by steps, from lr/1000 or min_lr")
    min_lr: float | None = Field(1e-8, ge=0, description="learning rate at which warm-up begins and cosine ends")
    transforms: Literal["plain", "bob", "diff-ii", "diff-ii-long-tail"] = Field(
        "bob", description="transforms of a published recipe, in training and test; plain: resize, crop and mirror"
    )
    real_weight: float | None = Field(
        0.8, ge=0, le=1, description="weight of the real samples' mean loss; null: one mean over all samples"
    )
    checkpoint: Literal["last", "best"] = Field("best", description="which epoch is tested; best: by val metric")
    split_file: str | None = Field(
        None, description="the training images: a list, or a folder of class folders, under the data set's; null: drawn"
    )
    shot_seed: int = Field(0, ge=0, description="of the draw of training images; not the seed of a run")
    validation_file: str | None = Field(
        None, description="indices of the validation images, under the data set's folder; null: drawn"
    )
    validation: Literal["large", "support"] = Field(
        "large", description="what val is: a set beside the training images, or a fold of these"
    )
    folds: int = Field(5, ge=2, description="of the selection protocol support-only")
    fold: int = Field(0, ge=0, description="the fold that is left out of training where validation is support")


class FewShotParams(BobRecipe):
    """A number of images of each class."""

    shots: int = Field(5, ge=1, description="training images of each class")


class LongTailParams(BobRecipe):
    """A number of images that falls from class to class."""

    imbalance: float = Field(100, ge=1, description="images of the largest class in units of the smallest one's")
