"""RandAugment that moves a provenance mask with its image."""

from __future__ import annotations

import math
from typing import Any

import torch
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as geometry

OPERATIONS, MAGNITUDE, BINS = 2, 9, 31
"""torchvision's defaults: operations an image, and the bin of their magnitude among so many."""

SIGNED = {
    "ShearX": 0.3,
    "ShearY": 0.3,
    "TranslateX": 150 / 331,
    "TranslateY": 150 / 331,
    "Rotate": 30.0,
    "Brightness": 0.9,
    "Color": 0.9,
    "Contrast": 0.9,
    "Sharpness": 0.9,
}
"""Operations of either direction by their largest magnitude; translations in units of the image's side."""
NAMES = ("Identity", *SIGNED, "Posterize", "Solarize", "AutoContrast", "Equalize")
GEOMETRIC = frozenset({"ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"})


class RandAugment(v2.Transform):
    """Two operations of fourteen, in torchvision's defaults and with its draws; of a mask the geometric ones alone.

    What moves into an image from outside is black, and no target's. torchvision's own class refuses masks.
    Source: Cubuk et al., "RandAugment" (2020).
    """

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = v2.functional.get_size(flat_inputs[0])
        chosen = []
        for _ in range(OPERATIONS):
            name = NAMES[int(torch.randint(len(NAMES), ()))]
            largest = SIGNED.get(name, 0.0) * {"TranslateX": width, "TranslateY": height}.get(name, 1)
            value = float(torch.linspace(0.0, largest, BINS)[MAGNITUDE])
            if name in SIGNED and torch.rand(()) <= 0.5:
                value = -value
            chosen.append((name, value))
        return {"chosen": chosen}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        for name, value in params["chosen"]:
            if name in GEOMETRIC:
                inpt = moved(inpt, name, value)
            elif not isinstance(inpt, tv_tensors.Mask):
                inpt = recoloured(inpt, name, value)
        return inpt


def moved(part: Any, name: str, value: float) -> Any:
    """Returns an image or mask, sheared, shifted or turned about its centre."""
    if name == "Rotate":
        return geometry.rotate(part, value)
    if name.startswith("Shear"):
        angle = math.degrees(math.atan(value))
        shear = [angle, 0.0] if name == "ShearX" else [0.0, angle]
        return geometry.affine(part, angle=0.0, translate=[0, 0], scale=1.0, shear=shear, center=[0, 0])
    shift = [float(int(value)), 0.0] if name == "TranslateX" else [0.0, float(int(value))]
    return geometry.affine(part, angle=0.0, translate=shift, scale=1.0, shear=[0.0, 0.0])


def recoloured(image: Any, name: str, value: float) -> Any:
    """Returns the image after an operation that moves nothing."""
    match name:
        case "Brightness":
            return geometry.adjust_brightness(image, 1 + value)
        case "Color":
            return geometry.adjust_saturation(image, 1 + value)
        case "Contrast":
            return geometry.adjust_contrast(image, 1 + value)
        case "Sharpness":
            return geometry.adjust_sharpness(image, 1 + value)
        case "Posterize":
            return geometry.posterize(image, bits=round(8 - 4 * MAGNITUDE / (BINS - 1)))
        case "Solarize":
            return geometry.solarize(image, threshold=255 * float(torch.linspace(1.0, 0.0, BINS)[MAGNITUDE]))
        case "AutoContrast":
            return geometry.autocontrast(image)
        case "Equalize":
            return geometry.equalize(image)
    return image
