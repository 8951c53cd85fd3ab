"""The mends that mmdet and mmaction2 need on mmcv-lite and today's torch: one test for each break."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from mmengine.registry import DefaultScope

from provbench.benchmarks.ucf101_24 import openmmlab


@pytest.fixture(scope="module", autouse=True)
def _mended() -> None:
    openmmlab.mend()


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run in a fresh interpreter, where nothing was imported or mended yet."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, env={**os.environ}, capture_output=True, text=True, check=False)


def test_importing_the_module_imports_no_torch() -> None:
    code = "import sys, provbench.benchmarks.ucf101_24.openmmlab; sys.exit('torch' in sys.modules)"
    assert python(code).returncode == 0


@pytest.mark.slow
def test_the_models_of_both_libraries_import() -> None:
    code = (
        "from provbench.benchmarks.ucf101_24 import openmmlab; openmmlab.mend(); openmmlab.mend();"
        "import mmaction.models, mmdet.models"
    )
    process = python(code)
    assert process.returncode == 0, process.stderr


@pytest.mark.slow
def test_mending_twice_changes_nothing_more() -> None:
    code = (
        "import sys\n"
        "from provbench.benchmarks.ucf101_24 import openmmlab\n"
        "openmmlab.mend()\n"
        "from mmcv.ops import RoIAlign, focal_loss\n"
        "def state(): return (sys.modules['mmcv._ext'], RoIAlign.forward, focal_loss.sigmoid_focal_loss,\n"
        "                     sys.modules['mmaction.models.localizers.drn'])\n"
        "before = state()\n"
        "openmmlab.mend()\n"
        "assert all(one is other for one, other in zip(before, state()))\n"
    )
    process = python(code)
    assert process.returncode == 0, process.stderr


@pytest.mark.slow
def test_the_full_mmcv_is_left_alone() -> None:
    """A module with a file of its own takes the part of the compiled one."""
    code = (
        "import importlib.machinery, sys, types\n"
        "import mmcv\n"
        "class Compiled(types.ModuleType):\n"
        "    def __getattr__(self, name):\n"
        "        if name.startswith('__'): raise AttributeError(name)\n"
        "        return lambda *values, **named: name\n"
        "full = Compiled('mmcv._ext')\n"
        "full.__spec__ = importlib.machinery.ModuleSpec('mmcv._ext', None, origin='_ext.so')\n"
        "sys.modules['mmcv._ext'] = mmcv._ext = full\n"
        "from mmcv.ops import RoIAlign, focal_loss, multi_scale_deform_attn\n"
        "multi_scale_deform_attn.IS_CUDA_AVAILABLE = True\n"
        "before = RoIAlign.forward, focal_loss.sigmoid_focal_loss\n"
        "from provbench.benchmarks.ucf101_24 import openmmlab\n"
        "openmmlab.mend()\n"
        "assert sys.modules['mmcv._ext'] is full\n"
        "assert before == (RoIAlign.forward, focal_loss.sigmoid_focal_loss)\n"
        "assert multi_scale_deform_attn.IS_CUDA_AVAILABLE\n"
    )
    process = python(code)
    assert process.returncode == 0, process.stderr


def test_the_missing_localizer_says_so_when_it_is_used() -> None:
    localizer = sys.modules["mmaction.models.localizers.drn.drn"].DRN
    with pytest.raises(NotImplementedError, match="DRN: its files are missing"):
        localizer(1, name="x")


def test_an_operator_that_is_missing_says_its_name() -> None:
    from mmcv.ops import soft_nms

    with pytest.raises(NotImplementedError, match="softnms: an operator of the full mmcv"):
        soft_nms(torch.rand(3, 4), torch.rand(3))


def greedy_nms(boxes: np.ndarray, scores: np.ndarray, threshold: float, offset: int) -> list[int]:
    """Box by box, in descending score: kept unless it overlaps one that was."""
    kept: list[int] = []
    area = (boxes[:, 2] - boxes[:, 0] + offset) * (boxes[:, 3] - boxes[:, 1] + offset)
    for index in np.argsort(-scores, kind="stable"):
        for other in kept:
            width = min(boxes[index, 2], boxes[other, 2]) - max(boxes[index, 0], boxes[other, 0]) + offset
            height = min(boxes[index, 3], boxes[other, 3]) - max(boxes[index, 1], boxes[other, 1]) + offset
            shared = max(width, 0) * max(height, 0)
            if shared / (area[index] + area[other] - shared) > threshold:
                break
        else:
            kept.append(int(index))
    return kept


@settings(max_examples=40)
@given(count=st.integers(1, 12), offset=st.integers(0, 1), threshold=st.floats(0.11, 0.89), seed=st.integers(0, 10**6))
def test_nms_with_and_without_offset(count: int, offset: int, threshold: float, seed: int) -> None:
    from mmcv.ops import nms

    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 12, (count, 2, 2)).astype(np.float64)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1) + 1], axis=1)
    scores = rng.permutation(count) / count
    kept, indices = nms(boxes, scores, threshold, offset=offset)
    assert indices.tolist() == greedy_nms(boxes, scores, threshold, offset)
    np.testing.assert_array_equal(kept, np.column_stack([boxes, scores])[indices])


def test_nms_by_hand() -> None:
    """Two boxes of 3 x 1 that share one third: IoU 1/5 of continuous boxes, 4/8 where both corners belong to them."""
    from mmcv.ops import nms

    boxes, scores = torch.tensor([[0.0, 0, 3, 1], [2.0, 0, 5, 1]]), torch.tensor([0.9, 0.8])
    assert len(nms(boxes, scores, 0.3, offset=0)[1]) == 2
    assert len(nms(boxes, scores, 0.3, offset=1)[1]) == 1


def test_roi_align_averages_a_ramp_to_its_centres() -> None:
    from mmcv.ops import RoIAlign

    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    rois = torch.tensor([[0, 4.0, 4.0, 12.0, 12.0]])
    pooled = RoIAlign((2, 2), spatial_scale=1.0, sampling_ratio=2, pool_mode="avg", aligned=True)(ramp, rois)
    # bins [4, 8] and [8, 12] have their middles at 6 and 10, and pixel i has its middle at i + 0.5
    torch.testing.assert_close(pooled, torch.tensor([5.5, 9.5]).expand(1, 1, 2, 2))
    with pytest.raises(NotImplementedError, match="roi_align_forward"):
        RoIAlign((2, 2), pool_mode="max")(ramp, rois)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_the_focal_loss_is_that_of_its_formula(reduction: str) -> None:
    from mmcv.ops import SigmoidFocalLoss, sigmoid_focal_loss

    torch.manual_seed(0)
    logits, target = torch.randn(5, 3, dtype=torch.float64, requires_grad=True), torch.tensor([0, 2, 3, 1, 3])
    expected = torch.zeros(5, 3, dtype=torch.float64)
    for row in range(5):
        for column in range(3):  # class 3 is the background, which is no column
            p = logits[row, column].sigmoid()
            right = target[row] == column
            expected[row, column] = -0.3 * (1 - p) ** 1.5 * p.log() if right else -0.7 * p**1.5 * (1 - p).log()
    reduced = {"none": expected, "mean": expected.sum() / 5, "sum": expected.sum()}[reduction]
    found = sigmoid_focal_loss(logits, target, 1.5, 0.3, None, reduction)
    torch.testing.assert_close(found, reduced)
    assert torch.autograd.grad(found.sum(), logits)[0].abs().sum() > 0
    if reduction == "mean":
        torch.testing.assert_close(SigmoidFocalLoss(1.5, 0.3)(logits, target), reduced)
    with pytest.raises(NotImplementedError, match="no weights of classes"):
        sigmoid_focal_loss(logits, target, 1.5, 0.3, torch.ones(3))


def test_deformable_attention_takes_its_pytorch_path_wherever_its_inputs_are() -> None:
    from mmcv.ops import MultiScaleDeformableAttention, multi_scale_deform_attn

    assert not multi_scale_deform_attn.IS_CUDA_AVAILABLE
    device = "cuda" if torch.cuda.is_available() else "cpu"
    attention = MultiScaleDeformableAttention(embed_dims=8, num_heads=2, num_levels=1, num_points=2).to(device)
    query = torch.randn(3, 1, 8, device=device, requires_grad=True)
    attended = attention(
        query,
        value=torch.randn(16, 1, 8, device=device),
        reference_points=torch.rand(1, 3, 1, 2, device=device),
        spatial_shapes=torch.tensor([[4, 4]], device=device),
        level_start_index=torch.tensor([0], device=device),
    )
    attended.sum().backward()
    assert attended.shape == (3, 1, 8)
    assert query.grad is not None


@pytest.mark.slow
def test_a_model_is_built_in_its_librarys_scope_whichever_was_used_before() -> None:
    with DefaultScope.overwrite_default_scope("mmdet"):
        net = openmmlab.build_model(
            {"type": "STGCN", "graph_cfg": {"layout": "coco", "mode": "stgcn_spatial"}}, "mmaction"
        )
        current = DefaultScope.get_current_instance()
        assert current is not None
        assert current.scope_name == "mmdet"
    assert type(net).__module__.startswith("mmaction.")
    with DefaultScope.overwrite_default_scope("mmaction"):
        head = openmmlab.build_model({"type": "FocalLoss"}, "mmdet")
    assert type(head).__module__.startswith("mmdet.")
