"""Patches that mmdet 3.3.0 and mmaction2 1.2.0 need to run on mmcv-lite and on today's torch. Call `mend` before using
them.

Their last releases are from 2023 and 2024. Each patch below answers one break, looks first whether it is there, and
changes nothing where the full mmcv is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor, nn

Library = Literal["mmaction", "mmdet"]

_OPS = "mmcv._ext"
_DRN = "mmaction.models.localizers.drn"


def mend() -> None:
    """Applies every patch that this installation needs. Calling it again does nothing.

    To be called before `mmcv.ops`, `mmdet.models` or `mmaction.models` is imported.
    """
    _stand_in_for_drn()
    _leave_out_multimodal()
    if _stand_in_for_ops():
        _use_torchvision_roi_align()
        _use_torchvision_focal_loss()
        _use_pytorch_deformable_attention()


def build_model(config: dict[str, Any], library: Library) -> nn.Module:
    """The model of a configuration, built by `library`'s own registry, whichever library was used before.

    mmengine's registries look names up in a default scope that stays at whoever set it last; here it is the library's,
    and afterwards what it was.
    """
    mend()
    from mmengine.registry import DefaultScope

    models = importlib.import_module(f"{library}.registry").MODELS
    with DefaultScope.overwrite_default_scope(library):
        return models.build(config)


def _stand_in_for_drn() -> None:
    """mmaction2's wheel lacks one localizer's files, which its package imports."""
    spec = importlib.util.find_spec("mmaction")
    if spec is None or not spec.submodule_search_locations or _DRN in sys.modules:
        return
    if any((Path(folder) / "models" / "localizers" / "drn").is_dir() for folder in spec.submodule_search_locations):
        return

    class DRN:
        def __init__(self, *_: Any, **__: Any) -> None:
            raise NotImplementedError("DRN: its files are missing in this release of mmaction2")

    package, module = ModuleType(_DRN), ModuleType(f"{_DRN}.drn")
    module.DRN = DRN  # pyright: ignore[reportAttributeAccessIssue]
    package.drn = module  # pyright: ignore[reportAttributeAccessIssue]
    package.__path__ = []
    sys.modules[_DRN], sys.modules[f"{_DRN}.drn"] = package, module


def _leave_out_multimodal() -> None:
    """mmaction2's models of video and text import names that transformers 5 no longer has; with them no model of
    mmaction2 can be imported.
    """
    if importlib.util.find_spec("mmaction") is None or importlib.util.find_spec("transformers") is None:
        return
    if int(version("transformers").partition(".")[0]) >= 5:
        from mmaction.utils import dependency

        dependency.WITH_MULTIMODAL = False


class _Ops(ModuleType):
    """`mmcv._ext` without its compiled operators: what torchvision has, and for the rest an error when it is called."""

    def __init__(self) -> None:
        super().__init__(_OPS)
        self.__spec__ = ModuleSpec(_OPS, loader=None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_: Any, **__: Any) -> Any:
            raise NotImplementedError(f"{name}: an operator of the full mmcv, and mmcv-lite is installed")

        return missing

    @staticmethod
    def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
        """Indices of the boxes (n, 4) to keep, best first. offset: 1 where both corners belong to a box, else 0."""
        from torchvision.ops import nms

        corners = boxes.new_tensor([0, 0, offset, offset])
        return nms(boxes + corners, scores, iou_threshold)


def _stand_in_for_ops() -> bool:
    """mmcv-lite has no compiled operators, and `mmcv.ops` imports them. True if they were stood in for now."""
    if importlib.util.find_spec("mmcv") is None or importlib.util.find_spec(_OPS) is not None:
        return False
    import mmcv

    ops = _Ops()
    sys.modules[_OPS] = ops
    mmcv._ext = ops  # pyright: ignore[reportAttributeAccessIssue]
    return True


def _use_torchvision_roi_align() -> None:
    """mmcv's module can call torchvision's operator; by default it calls its own."""
    from mmcv.ops import RoIAlign

    own = RoIAlign.forward

    def forward(self: Any, input: Tensor, rois: Tensor) -> Tensor:
        self.use_torchvision = self.use_torchvision or self.pool_mode == "avg"
        return own(self, input, rois)

    RoIAlign.forward = forward


def _use_torchvision_focal_loss() -> None:
    """The focal loss of mmcv as a function of torchvision's."""
    from mmcv import ops
    from mmcv.ops import focal_loss

    ops.sigmoid_focal_loss = _sigmoid_focal_loss  # pyright: ignore[reportAttributeAccessIssue]
    focal_loss.sigmoid_focal_loss = _sigmoid_focal_loss


def _sigmoid_focal_loss(
    input: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: float = 0.25,
    weight: Tensor | None = None,
    reduction: Literal["none", "mean", "sum"] = "mean",
) -> Tensor:
    """input: (n, classes) logits. target: (n,) class numbers, `classes` for the background. `mean`: over the n rows."""
    if weight is not None:
        raise NotImplementedError("sigmoid_focal_loss: torchvision's has no weights of classes")
    import torch
    from torchvision.ops import sigmoid_focal_loss

    wanted = (target[:, None] == torch.arange(input.shape[1], device=target.device)).to(input.dtype)
    loss = sigmoid_focal_loss(input, wanted, alpha=alpha, gamma=gamma)
    if reduction == "none":
        return loss
    return loss.sum() / len(input) if reduction == "mean" else loss.sum()


def _use_pytorch_deformable_attention() -> None:
    """mmcv has multi-scale deformable attention in plain PyTorch, and uses it where it believes there is no GPU."""
    from mmcv.ops import multi_scale_deform_attn

    multi_scale_deform_attn.IS_CUDA_AVAILABLE = False
