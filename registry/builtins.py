"""The built-in augmentations, synthesizers and regularizers: one line, one plugin, one file."""

from .core import AUGMENTATIONS, REGULARIZERS, SYNTHESIZERS

_HERE = __name__.rpartition(".")[0]

for _name, _target in {
    "batchmix": "batchmix:BatchMix",
    "cutmix": "cutmix:CutMix",
    "mixup": "mixup:Mixup",
    "puzzlemix": "puzzlemix:PuzzleMix",
    "resizemix": "resizemix:ResizeMix",
}.items():
    AUGMENTATIONS.add(_name, f"{_HERE}.augmentations.{_target}")

for _name, _target in {
    "background-swap": "background_swap:BackgroundSwap",
    "edited-images": "edited_images:EditedImages",
    "image-set": "image_set:ImageSet",
}.items():
    SYNTHESIZERS.add(_name, f"{_HERE}.synthesizers.{_target}")

for _name, _target in {
    "double-backprop": "double_backprop:DoubleBackprop",
    "gradient-guidance": "gradient_guidance:GradientGuidance",
    "jacobian": "jacobian:Jacobian",
    "rrr": "rrr:RightForTheRightReasons",
}.items():
    REGULARIZERS.add(_name, f"{_HERE}.regularizers.{_target}")
