"""The central contract: which input elements come from which label's target, and the plugins that write and read it.

An augmentation fills a `Batch`, a regularizer reads one. Neither knows the other, and so every augmentation works with
every regularizer, both on images and on keypoint clouds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from .base import torch
from .core import Plugin, Registry
from .reads_weights import ReadsWeights
from .weights import GradientShare

if TYPE_CHECKING:
    import numpy as np
    from torch import Generator, Tensor


@dataclass(frozen=True)
class Source:
    """One label in play for each sample of a batch, and the region of the input that its target comes from.

    labels: (B,) int64.
    weight: (B,) float in [0, 1], the label's share of the classification loss; a sample's weights sum to 1.
    mask: (B, 1, *spatial) float in [0, 1], 1 where the input element comes from this label's target.
    guided: (B,) bool, False where the provenance is unknown or says nothing (an untouched sample, a pair of one class).
    """

    labels: Tensor
    weight: Tensor
    mask: Tensor
    guided: Tensor

    @classmethod
    def whole(cls, labels: Tensor, inputs: Tensor) -> Source:
        """The only source of untouched samples: weight 1, a mask that covers everything, not guided.

        labels: (B,) int64; inputs: (B, C, *spatial).
        """
        ones = inputs.new_ones((len(inputs), 1, *inputs.shape[2:]), dtype=torch.float32)
        return cls(labels, ones.new_ones(len(inputs)), ones, torch.zeros_like(labels, dtype=torch.bool))


@dataclass(frozen=True)
class Batch:
    """A training batch: inputs, and one `Source` for each label in play.

    inputs: (B, C, *spatial) float, in the model's (normalised) input space; `*spatial` is `H, W` for images and the
    point axes for keypoint clouds. ids: the B samples' names in the data set. synthetic: (B,) bool, the samples that an
    offline synthesizer made; None where there are none.
    """

    inputs: Tensor
    sources: tuple[Source, ...]
    ids: tuple[str, ...] = ()
    synthetic: Tensor | None = None

    @classmethod
    def untouched(cls, inputs: Tensor, labels: Tensor, ids: Sequence[str] = ()) -> Batch:
        """A batch of samples as the data set has them."""
        return cls(inputs, (Source.whole(labels, inputs),), tuple(ids))

    @property
    def guided(self) -> Tensor:
        """(B,) bool: the samples whose provenance is known for at least one label."""
        return torch.stack([source.guided for source in self.sources]).any(dim=0)

    @cached_property
    def guides(self) -> Tensor:
        """(K, B) bool, on the CPU: which source guides which sample. Read once a step: on a GPU that waits for it."""
        return torch.stack([source.guided for source in self.sources]).cpu()

    @property
    def any_guided(self) -> bool:
        """Returns whether any sample is guided."""
        return bool(self.guides.any())

    def with_inputs(self, inputs: Tensor) -> Batch:
        """Returns the batch with other inputs of the same shape and provenance."""
        changed = replace(self, inputs=inputs)
        if "guides" in vars(self):
            vars(changed)["guides"] = self.guides
        return changed

    def part(self, rows: Tensor) -> Batch:
        """Returns the samples of the given numbers, (N,) int64 on the CPU."""
        there = on_device(rows, self.inputs)
        sources = tuple(
            Source(one.labels[there], one.weight[there], one.mask[there], one.guided[there]) for one in self.sources
        )
        ids = tuple(self.ids[row] for row in rows.tolist()) if self.ids else ()
        part = Batch(self.inputs[there], sources, ids, None if self.synthetic is None else self.synthetic[there])
        vars(part)["guides"] = self.guides[:, rows]
        return part

    def __len__(self) -> int:
        return len(self.inputs)


class Augmentation(Plugin, ABC):
    """Online synthesis: turns a batch into a synthetic batch and says where each part came from."""

    mixes_mixes: ClassVar[bool] = False
    """True if `__call__` takes samples of several labels, as synthesizers that mix classes make them."""

    @abstractmethod
    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        """A new batch of the same size; `batch` is left as it is.

        batch has one source a sample (its mask may already say something, after an offline synthesizer), or several if
        the class says that it takes them. generator, on
        the CPU, is the only source of randomness, so that a step can be repeated. model maps inputs (B, C, *spatial)
        to logits (B, K); only augmentations that look for salient regions need it.
        """


@dataclass(frozen=True)
class Step:
    """One training step, as a regularizer sees it.

    logits: (B, K), computed from `batch.inputs`, which requires a gradient if a regularizer is of second order.
    generator: on the CPU, the only source of randomness of augmentations and regularizers. number: of the step, from 0.
    again: maps other inputs to logits by the same network with the same random draws (dropout), without a trace in its
    normalisation statistics. pixel_mean, pixel_std: (C,), which were taken from pixels in [0, 1] and by which they were
    divided; None where inputs are no images.
    part: the samples that the regularizer wanted apart, if they went through the network in a pass of their own:
    `again` then has the draws of that pass. class_weight: (K,) of the classification loss, or None. plain_loss: whether
    that loss has neither class weights, nor smoothed labels, nor parts that weigh differently. autocast: whether a pass
    that is differentiated twice may keep the autocast that is on. groups: (B,) int64, of the samples, where a
    regularizer uses them. memory: what the regularizer's `memory` made, to be changed in place; checkpoints have it.
    """

    logits: Tensor
    batch: Batch
    generator: Generator
    number: int
    again: Callable[[Tensor], Tensor]
    pixel_std: Tensor | None = None
    part: Part | None = None
    class_weight: Tensor | None = None
    plain_loss: bool = True
    autocast: bool = False
    pixel_mean: Tensor | None = None
    groups: Tensor | None = None
    memory: Tensor | None = None


@dataclass(frozen=True)
class Part:
    """Some samples of a step's batch. logits: (N, K), computed from `batch.inputs` alone."""

    logits: Tensor
    batch: Batch


class Regularizer(Plugin, ReadsWeights, ABC):
    """A loss term computed from the model, the batch and its provenance."""

    second_order: ClassVar[bool] = True
    """True if the penalty differentiates the logits by the inputs. The training step then runs the model with attention
    in its math kernel (fused ones have no second derivative), on inputs that require a gradient, and in the precision
    that the recipe has for penalties.
    """

    first_order: ClassVar[bool] = False
    """True if the penalty differentiates the logits by the inputs once, and that gradient no more: the inputs then
    require one, and fused attention stays as it is.
    """

    reruns_model: ClassVar[bool] = False
    """True if `term` calls `step.again`."""

    full_precision: ClassVar[bool] = False
    """True if the step must run in FP32 in any case, as where small differences of logits are taken."""

    replaces_loss: ClassVar[bool] = False
    """True if the term has the parameter gradient of the classification loss within its own."""

    uses_groups: ClassVar[bool] = False
    """True if the term needs `step.groups`, the groups of the training samples, which tables then tell."""

    weight: ClassVar[str] = ""
    """Name of the parameter that is the weight of the term and that may be a `GradientShare`; "" if there is none."""

    period: ClassVar[int] = 1
    """Every so manieth step is regularized, from the first one on, with so many times the weight."""

    @property
    def calibration(self) -> GradientShare | None:
        """Returns the share that the training loop is to calibrate the term's weight to; `term` then has the weight 1.
        None where the weight is a number.
        """
        value = getattr(self.params, self.weight) if self.weight else None
        return value if isinstance(value, GradientShare) else None

    def due(self, number: int) -> bool:
        """Returns whether step `number`, counted from 0, is regularized at all."""
        return number % self.period == 0

    def apart(self, batch: Batch, generator: Generator) -> Tensor | None:
        """Returns the numbers, (N,) int64 on the CPU, of the samples that the penalty is of, where these are few enough
        to be worth a forward pass of their own; None for the whole batch.

        Not asked where the network has samples interact (batch normalisation in training).
        """
        return None

    def memory(self, counts: Sequence[int]) -> Tensor | None:
        """Returns what the term remembers from step to step, as it is before the first one; None if nothing is.

        counts: the number of training samples of each group; () unless `uses_groups`.
        """
        return None

    def missing_inputs(self) -> list[str]:
        """Returns one message for each input, such as weights, that the regularizer needs and lacks; cheap."""
        return self.missing_weights()

    def active(self, batch: Batch) -> bool:
        """Returns whether this batch has anything to regularize."""
        return len(batch) > 0

    def term(self, step: Step) -> Tensor:
        """The term to add to the loss of a step: by default the `penalty` of its logits and batch. Scalar."""
        return self.penalty(step.logits, step.batch, step.generator)

    @abstractmethod
    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        """The term to add to the loss, its strength included. Scalar.

        logits: (B, K), computed from `batch.inputs`, which requires a gradient if `second_order`. generator, on the
        CPU, is the only source of randomness. Raises `RuntimeError` where the term would have no gradient.
        """


class TrainingSet(Protocol):
    """The part of a task's training set that an offline synthesizer may read."""

    num_classes: int
    folder: Path
    """The data set's own folder."""

    def __len__(self) -> int: ...

    def sample_id(self, index: int) -> str:
        """The sample's name in the data set."""
        ...

    def label(self, index: int) -> int: ...

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB, as stored."""
        ...

    def segmentation(self, index: int) -> np.ndarray:
        """(H, W) bool, True on the target. Raises `MissingDataError` where the data set has none."""
        ...


@runtime_checkable
class Digested(Protocol):
    """A training set that knows a hash of its contents without decoding every image."""

    def digest(self, segmentations: bool) -> str:
        """A hash of the ordered ids, labels and image contents, and of the segmentations if they are asked for."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """A training set whose samples other programs number in orders of their own."""

    def numbering(self, order: str) -> Sequence[str]:
        """The ids of the samples that a program numbers from 0; they need not all be in the training set.

        Raises `UserError` for an order that the data set does not have.
        """
        ...


@runtime_checkable
class ClassNamed(Protocol):
    """A training set that knows the names of its classes, which prompts contain."""

    def class_names(self) -> Sequence[str]:
        """Returns one name for each label, in the order of the labels."""
        ...


@runtime_checkable
class Described(Protocol):
    """A training set whose samples have descriptions of what surrounds their targets, without the class."""

    def context(self, index: int) -> Mapping[str, str]:
        """Returns the sample's description by aspect, such as `background` and `pose`; {} where it has none."""
        ...


class Synthesizer(Plugin, ReadsWeights, ABC):
    """Offline synthesis: turns a training set into a synthetic set on disk, with a provenance manifest.

    A set is identified by the synthesizer, its version and parameters, and a digest of the training set that it reads:
    the ordered ids, labels and image contents, and the segmentations where it reads them.
    """

    reads_segmentations: bool = True
    """True if `synthesize` reads segmentations, where the training set has them. If False, the synthesizer sees a
    training set without any, and its set is not made again when they are replaced.
    """

    def fingerprint(self, data: TrainingSet) -> str:
        """Returns a hash of what is read besides the training set, as part of the run key; "" if nothing is."""
        return ""

    def composition(self) -> list[tuple[Registry, str]]:
        """Returns the plugins that it is composed of, each with its registry: their code is recorded with its own."""
        return []

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        """Returns one message for each input, other than the training images, that the synthesizer needs and lacks;
        cheap.
        """
        return []

    @abstractmethod
    def synthesize(self, data: TrainingSet, out: Path, progress: Callable[[int, int], None]) -> None:
        """Write the synthetic set into the empty folder `out`, in the form of `synthesizers.manifest`.

        progress(done, total) is called as it goes. The same parameters and data give the same files.
        """


@contextmanager
def double_differentiable(autocast: bool = False) -> Iterator[None]:
    """The math attention kernel, and FP32, for a forward pass that is differentiated twice.

    autocast: leave an autocast that is on as it is. In bfloat16 the penalty's parameter gradient then has the rounding
    error of the classification loss's own (cosine with FP32's 0.9992 to 1.0000 on ResNet-18 and DeiT-S).
    """
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(SDPBackend.MATH), nullcontext() if autocast else full_precision():
        yield


@contextmanager
def full_precision() -> Iterator[None]:
    """Switches autocast off."""
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    previous = [(device, torch.is_autocast_enabled(device)) for device in devices]
    try:
        for device in devices:
            torch.set_autocast_enabled(device, False)
        yield
    finally:
        for device, enabled in previous:
            torch.set_autocast_enabled(device, enabled)


def input_gradient(scalar: Tensor, inputs: Tensor) -> Tensor:
    """∂scalar/∂inputs with a graph of its own, of the shape of `inputs`, in FP32 (FP64 if the inputs are).

    Raises `ValueError` where inputs require no gradient, or do not reach the scalar.
    """
    if not inputs.requires_grad:
        raise ValueError("inputs must require a gradient before the model runs: inputs.requires_grad_()")
    if not scalar.requires_grad:
        raise ValueError("logits carry no graph: was the model run under torch.no_grad(), or detached?")
    (gradient,) = torch.autograd.grad(scalar, inputs, create_graph=True, allow_unused=True)
    if gradient is None:
        raise ValueError("logits do not depend on these inputs: pass the very tensor that the model was given")
    return in_fp32(gradient)


def on_device(tensor: Tensor, like: Tensor) -> Tensor:
    """Returns a tensor of the CPU where `like` is. The host does not wait for the copy, as it does by default."""
    return tensor.to(like.device, non_blocking=True)


def in_fp32(tensor: Tensor) -> Tensor:
    """`tensor` in FP32, or in FP64 if it is already."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def require_gradient(penalty: Tensor, name: str) -> Tensor:
    """`penalty`, if training can follow its gradient; `RuntimeError` otherwise, since it would silently do nothing."""
    if not penalty.requires_grad:
        raise RuntimeError(
            f"{name}: the penalty has no gradient, so training would silently go without it. "
            "Models compiled with torch.compile lose their second derivatives: run the model eagerly."
        )
    return penalty
