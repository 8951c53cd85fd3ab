"""The parameters that every task on images has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from provbench.registry import Recipe, added

Utilisation = Literal[
    "concatenate", "replace-all", "replace-local", "replace-class", "replace-global", "replace-balanced"
]


class ImageRecipe(Recipe):
    """Training parameters for networks on images. Tasks set their own defaults and add parameters by inheritance."""

    weights: str | None = Field(None, description="torchvision's name of pretrained weights; null: random")
    model_options: dict[str, bool | int | float | str | None] = added(
        {}, description="the model's own options, such as {drop_path: 0.2}; see its class"
    )
    resize: int | None = Field(None, ge=16, description="side before the random crop of image_size; null: no crop")
    hflip: bool = added(True, description="mirror half of the training images")
    transforms: Literal["plain", "bob", "diff-ii", "diff-ii-long-tail"] = added(
        "plain",
        description="plain: resize, crop and mirror as above; else those of a published recipe, in training and test",
    )
    real_repeats: int = added(1, ge=1, description="times that each real training image is in the training set")
    utilisation: Utilisation = added(
        "concatenate",
        description="how a synthetic set is used: concatenate: beside the real images; replace-all: without them; else "
        "in place of a real image, with replace_prob: by an image made of that one (local), of its class (class), any "
        "(global), or of a class drawn in inverse proportion to its real images (balanced)",
    )
    replace_prob: float = added(0.5, ge=0, le=1, description="of the forms of utilisation that replace single images")
    class_weighted: bool = added(
        False, description="weigh the loss by the inverse of the class frequencies in training"
    )

    @field_validator("resize")
    @classmethod
    def _holds_the_crop(cls, resize: int | None, info: ValidationInfo) -> int | None:
        if resize is not None and resize < info.data.get("image_size", 0):
            raise ValueError(f"must be at least image_size, {info.data['image_size']}, the side of the crop")
        return resize
