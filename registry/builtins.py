"""The built-in augmentations, synthesizers, regularizers and seams of `generated`: one line, one plugin, one file."""

from .core import (
    AUGMENTATIONS,
    CONTEXTS,
    FILTERS,
    GENERATORS,
    IMAGE_SAMPLERS,
    LABELS,
    PROMPTS,
    REGULARIZERS,
    SYNTHESIZERS,
    TUNERS,
)

_HERE = __name__.rpartition(".")[0]

for _name, _target in {
    "attentivemix": "attentivemix:AttentiveMix",
    "batchmix": "batchmix:BatchMix",
    "cutmix": "cutmix:CutMix",
    "fmix": "fmix:FMix",
    "cutmix-or-mixup": "cutmix_or_mixup:CutMixOrMixup",
    "mixup": "mixup:Mixup",
    "puzzlemix": "puzzlemix:PuzzleMix",
    "resizemix": "resizemix:ResizeMix",
    "saliencymix": "saliencymix:SaliencyMix",
    "snapmix": "snapmix:SnapMix",
}.items():
    AUGMENTATIONS.add(_name, f"{_HERE}.augmentations.{_target}")

for _name, _target in {
    "background-swap": "background_swap:BackgroundSwap",
    "edited-images": "edited_images:EditedImages",
    "image-set": "image_set:ImageSet",
    "imported": "imported:Imported",
}.items():
    SYNTHESIZERS.add(_name, f"{_HERE}.synthesizers.{_target}")

for _name, _target in {
    "double-backprop": "double_backprop:DoubleBackprop",
    "gals": "gals:Gals",
    "gradient-guidance": "gradient_guidance:GradientGuidance",
    "group-dro": "group_dro:GroupDro",
    "jacobian": "jacobian:Jacobian",
    "rrr": "rrr:RightForTheRightReasons",
}.items():
    REGULARIZERS.add(_name, f"{_HERE}.regularizers.{_target}")

SYNTHESIZERS.add("generated", f"{_HERE}.generation.generated:Generated")

for _registry, _plugins in {
    CONTEXTS: {
        "blip": "contexts.blip:Blip",
        "caption-file": "contexts.caption_file:CaptionFile",
        "exact": "contexts.exact:Exact",
        "vlm": "contexts.vlm:Vlm",
    },
    TUNERS: {
        "lora": "tuners.lora:Lora",
        "none": "tuners.none:Untuned",
        "textual-inversion": "tuners.textual_inversion:TextualInversion",
        "textual-inversion+lora": "tuners.textual_inversion:TokensAndLora",
    },
    PROMPTS: {
        "bank": "prompts.bank:WholeBank",
        "fixed-list": "prompts.fixed_list:FixedList",
        "own-context": "prompts.own_context:OwnContext",
        "plain": "prompts.plain:Plain",
        "same-class": "prompts.same_class:SameClass",
    },
    IMAGE_SAMPLERS: {
        "image-to-image": "samplers.image_to_image:ImageToImage",
        "inpaint": "samplers.inpaint:Inpaint",
        "instruct-pix2pix": "samplers.instruct_pix2pix:InstructPix2Pix",
        "text-to-image": "samplers.text_to_image:TextToImage",
    },
    FILTERS: {
        "classifier-confidence": "filters.classifier_confidence:ClassifierConfidence",
        "clip": "filters.clip:Clip",
        "every": "filters.every:Every",
        "none": "filters.none:KeepAll",
    },
    LABELS: {"hard": "labels.hard:Hard", "mix": "labels.mix:Mix"},
    GENERATORS: {
        "mini-diffusion": "generators.mini_diffusion:MiniDiffusion",
        "stable-diffusion": "generators.stable_diffusion:StableDiffusion",
    },
}.items():
    for _name, _target in _plugins.items():
        _registry.add(_name, f"{_HERE}.generation.{_target}")
