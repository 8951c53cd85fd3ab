"""People in images, by a detector of mmdet."""

from __future__ import annotations

import difflib
import hashlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from provbench.registry.base import MissingDataError, UserError, read_checkpoint

from . import openmmlab

PERSON = "person"


class PersonDetector:
    """A detector with weights: `detector(frames)` has each frame's people.

    config: a configuration file of mmdet's kind, which is a program and is run, or the name of one that comes with
    mmdet, of the file or of the model. checkpoint: its weights, a local file. Raises `MissingDataError` that says where
    to get the weights, and `UserError` for an unknown name, for files that are no configuration, no weights or another
    detector's, and for a detector that knows no people.
    """

    def __init__(self, config: str, checkpoint: Path | None, device: str = "cpu") -> None:
        openmmlab.mend()
        from mmengine.registry import DefaultScope

        self.file, download = find_config(config)
        if checkpoint is None or not checkpoint.is_file():
            missing = f"{checkpoint}: no such file" if checkpoint else f"{config}: the detector needs its weights"
            where = f"Download {download}" if download else "Get the weights that belong to the configuration"
            raise MissingDataError(f"{missing}. {where}, and name the file with --detector-checkpoint.")
        self.checkpoint = checkpoint
        with DefaultScope.overwrite_default_scope("mmdet"):
            self.net = _build(self.file, device)
        # of the whole configuration, with what it inherits; mmdet changes it when it is used
        self.config_digest = hashlib.sha256(self.net.cfg.pretty_text.encode()).hexdigest()
        classes = _load(self.net, checkpoint, self.file)
        names = [name.lower() for name in classes]
        if PERSON not in names:
            raise UserError(f"{checkpoint}: the detector must know the class {PERSON!r} (got {', '.join(classes)})")
        self.person = names.index(PERSON)

    def __call__(self, frames: Sequence[np.ndarray]) -> list[tuple[Tensor, Tensor]]:
        """frames: (H, W, 3) uint8 RGB. For each, boxes (n, 4) x0 y0 x1 y1 in its pixels and scores (n,) in [0, 1]."""
        from mmdet.apis import inference_detector
        from mmengine.registry import DefaultScope

        # the pipelines of mmdet's configurations begin with what OpenCV reads, which is BGR
        images = [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]
        with DefaultScope.overwrite_default_scope("mmdet"), warnings.catch_warnings(record=True):
            results: Any = inference_detector(self.net, images)
        found = []
        for result in results:
            people = result.pred_instances[result.pred_instances.labels == self.person]
            found.append((people.bboxes.float(), people.scores.float()))
        return found


def find_config(config: str) -> tuple[Path, str]:
    """A configuration's file, and the address of its weights, "" where mmdet does not list it.

    config: a path, or a name of mmdet's: of a file (`rtmdet_tiny_8xb32-300e_coco`) or of a model in its metafiles.
    Raises `MissingDataError` for a path where nothing is, and `UserError` with the nearest names for another name.
    """
    if Path(config).suffix == ".py":
        if not Path(config).is_file():
            raise MissingDataError(f"{config}: no such configuration file")
        return Path(config), ""
    import mmdet

    root = Path(mmdet.__file__).parent / ".mim"
    listed = {name: (root / file, url) for name, file, url in _listed(root)}
    by_file = {file.stem: (file, url) for file, url in listed.values()}
    packaged = {file.stem: (file, "") for file in root.glob("configs/*/*.py")}
    known = {**packaged, **by_file, **listed}
    if config not in known:
        close = difflib.get_close_matches(config, known, n=3, cutoff=0.5)  # of hundreds
        guess = f": did you mean {' or '.join(map(repr, close))}?" if close else ""
        raise UserError(f"{config}: no configuration file (.py), and no detector that comes with mmdet{guess}")
    return known[config]


def _listed(root: Path) -> Iterator[tuple[str, str, str]]:
    """Name, configuration and address of the weights of each model that mmdet's metafiles list."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for file in sorted(root.glob("configs/*/metafile.yml")):
        content = yaml.load(file.read_text(encoding="utf-8"), loader)
        for model in content.get("Models", ()) if isinstance(content, dict) else ():
            if model.get("Config") and model.get("Weights"):
                yield model["Name"], model["Config"], model["Weights"]


def _build(config: Path, device: str) -> Any:
    """The detector with random weights."""
    from mmdet.apis import init_detector

    try:
        with warnings.catch_warnings(record=True):  # that it has no weights, for one
            return init_detector(str(config), None, device=device)
    except Exception as error:  # whatever a program may raise
        raise UserError(f"{config}: not the configuration of a detector: {type(error).__name__}: {error}") from error


def _load(net: nn.Module, checkpoint: Path, config: Path) -> list[str]:
    """Give the detector its weights, all of them; mmdet's own loader would leave out what does not fit.

    Returns the names of its classes, COCO's where the file does not have them, as mmdet does.
    """
    from mmdet.evaluation import get_classes

    try:
        content = read_checkpoint(checkpoint)
        missing = net.load_state_dict(content.get("state_dict", content), strict=False).missing_keys
    except (UserError, RuntimeError, AttributeError, TypeError) as error:
        raise UserError(f"{checkpoint}: not the weights of {config.stem}: {error}") from None
    if missing:
        raise UserError(
            f"{checkpoint}: not the weights of {config.stem}: {len(missing)} tensors are missing, such as {missing[0]}"
        )
    meta = content.get("meta") or {}
    names = (meta.get("dataset_meta") or meta).get("CLASSES") or (meta.get("dataset_meta") or {}).get("classes")
    return [str(name) for name in ([names] if isinstance(names, str) else names or get_classes("coco"))]
