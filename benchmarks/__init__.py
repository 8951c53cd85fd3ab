"""The tasks, the networks that they train, and the one training loop.

One folder a task (`waterbirds`, `cub_wsol`, `ucf101_24`, `own_images`), each with a README on its protocol; `common`
holds what tasks share, `classifiers` the networks that several of them train, and `training` how a run is trained.
This file registers the built-in tasks, models and commands: one line, one plugin, named by its path, so that nothing
heavy is imported before it is used. Raise a task's `version` when the same parameters would give other numbers.
"""

from provbench.registry import COMMANDS, MODELS, PRETRAINED, TASKS

for _name, _target in {
    "cub": "cub.task:Cub",
    "cub-wsol": "cub_wsol.task:CubWsol",
    "fewshot-aircraft": "fewshot.tasks:FewShotAircraft",
    "fewshot-cars": "fewshot.tasks:FewShotCars",
    "fewshot-cub": "fewshot.tasks:FewShotCub",
    "fewshot-pets": "fewshot.tasks:FewShotPets",
    "images": "own_images.task:OwnImages",
    "iwildcam": "iwildcam.task:IWildCam",
    "longtail-cub": "fewshot.tasks:LongTailCub",
    "longtail-flowers": "fewshot.tasks:LongTailFlowers",
    "ucf101-24": "ucf101_24.task:Ucf10124",
    "waterbirds": "waterbirds.task:Waterbirds",
}.items():
    TASKS.add(_name, f"{__name__}.{_target}")
for _name, _target in {
    "clip-vit-b16": "classifiers.clip:CLIPClassifier",
    "deit-s": "classifiers.vit:DeiTSmall",
    "efficientnet-lite0": "classifiers.efficientnet:EfficientNetLite0",
    "mae-vit-b16": "classifiers.vit:MAEBase",
    "resnet18": "classifiers.resnet:ResNet18",
    "resnet50": "classifiers.resnet:ResNet50",
    "resnet50-cam": "cub_wsol.model:ResNet50CAM",
    "sat": "classifiers.sat:SAT",
    "skp": "ucf101_24.model:StructuredKeypointPooling",
    "stgcn++": "ucf101_24.stgcn:TrackSTGCN",
    "tiny-cam": "cub_wsol.model:TinyCAM",
    "tiny-clip": "classifiers.clip:TinyCLIP",
    "tiny-cnn": "waterbirds.model:TinyCNN",
    "tiny-deit": "classifiers.vit:TinyDeiT",
    "tiny-mae": "classifiers.vit:TinyMAE",
    "tiny-sat": "classifiers.sat:TinySAT",
    "tiny-skp": "ucf101_24.model:tiny_skp",
    "vgg16-cam": "cub_wsol.model:VGG16CAM",
}.items():
    MODELS.add(_name, f"{__name__}.{_target}")
for _function, _names in {
    "common.packaged:packaged_weights_of": ("efficientnet-lite0",),
    "common.weights:hub_weights_of": ("clip-vit-b16", "deit-s", "mae-vit-b16", "sat"),
    "common.weights:shipped_weights_of": ("tiny-cam", "tiny-cnn"),
    "common.weights:torchvision_weights_of": ("resnet18", "resnet50", "resnet50-cam", "vgg16-cam"),
}.items():
    for _name in _names:
        PRETRAINED.add(_name, f"{__name__}.{_function}")
for _name, _target in {
    "data extract-keypoints": "ucf101_24.commands:extract_keypoints",
    "data photos": "waterbirds.commands:photos",
    "tubes": "ucf101_24.commands:tubes",
}.items():
    COMMANDS.add(_name, f"{__name__}.{_target}")
