"""The task contract: data, model, metrics and protocol of one benchmark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from .base import (
    FULL,
    MINI,
    UnknownNameError,
    UserError,
    Variant,
    generated_folder,
    missing_messages,
    nearest,
)
from .contents import Contents
from .contracts import TrainingSet
from .core import Plugin
from .params import validate_params
from .reads_weights import ReadsWeights
from .recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn
    from torch.utils.data import Dataset

Progress = Callable[[int, int], None]
"""progress(done, total), called as long work goes on."""

Keep = Literal["none", "best", "last", "all"]
"""Epochs whose weights a final run keeps: the best by its selection metric, the last, every validated one."""


def no_progress(done: int, total: int) -> None:
    """Ignores progress."""


@dataclass(frozen=True)
class Metric:
    """A column of a results table."""

    name: str
    description: str
    unit: str = "%"
    higher_is_better: bool = True
    optional: bool = False
    """True if runs have the metric only on request: a table shows it only where it is named."""


EXCHANGED, RELIANCE = "accuracy (backgrounds exchanged)", "background reliance"
RELIANCE_METRICS = (
    Metric(EXCHANGED, "share of images whose class is right over the background of another class", optional=True),
    Metric(
        RELIANCE,
        "change of the logits when the background is replaced, as a share of that and the change when the target is",
        higher_is_better=False,
        optional=True,
    ),
)
"""Metrics of tasks on images with segmentations, measured where `Recipe.reliance` is set."""


@dataclass(frozen=True)
class ProtocolRules:
    """Parameters that a selection protocol sets in the recipe of its runs, besides the metric that it goes by.

    trials, finals: parameters of the runs of a search, and of the final ones. A suite cannot set those of them that
    the base of all recipes does not have. folds: names of two parameters, the number of folds and the fold: each trial
    has a run for each fold, and the mean of their validation values. searches: False where a protocol takes the
    suite's own values. validates: False where no image beside the training images chooses anything. words: a sentence
    on it for the notes under a table.
    """

    trials: Mapping[str, Any] = field(default_factory=dict)
    finals: Mapping[str, Any] = field(default_factory=dict)
    folds: tuple[str, str] | None = None
    searches: bool = True
    validates: bool = True
    words: str = ""

    @property
    def own(self) -> frozenset[str]:
        """The names of the parameters that it sets."""
        return frozenset({*self.trials, *self.finals, *(self.folds or ())[1:]})

    def of(self, phase: str) -> Mapping[str, Any]:
        """Returns the parameters of runs of a phase, `search` or `final`."""
        return self.trials if phase == "search" else self.finals


@dataclass(frozen=True)
class TaskInfo:
    """A task's identity, as data."""

    title: str
    metrics: tuple[Metric, ...]
    selection: Mapping[str, str]
    """Selection protocol (`val`, `worst-group`, `oracle`) to the metric it goes by; the first is the default."""
    licence: str
    citation: str
    homepage: str
    splits: Mapping[str, str] = field(default_factory=dict)
    """Descriptions of `train`, `val` and `test`, for the tables and the docs."""
    families: tuple[Metric, ...] = ()
    """Metrics of each class or group that only the data name, as `accuracy[*]`: the name stands in place of `*`."""
    rules: Mapping[str, ProtocolRules] = field(default_factory=dict)
    """Parameters that protocols set in the recipe, of those that set any; also of `oracle`."""

    def ruled(self, protocol: str) -> ProtocolRules:
        """Returns what a selection protocol sets in the recipe."""
        return self.rules.get(protocol, ProtocolRules())

    @property
    def main_metric(self) -> str:
        return self.metrics[0].name

    def metric(self, name: str) -> Metric:
        """Returns the metric of that name. Raises `UnknownNameError` where the task does not declare it."""
        found = self.declared(name)
        if found is None:
            raise UnknownNameError("metric", name, [metric.name for metric in (*self.metrics, *self.families)])
        return found

    def declared(self, name: str) -> Metric | None:
        """Returns the metric of that name, or None where the task does not declare it, alone or by its family."""
        found = next((metric for metric in self.metrics if metric.name == name), None)
        family = next((one for one in self.families if _is_member(name, one.name)), None)
        return found or (family and replace(family, name=name))


def _is_member(name: str, family: str) -> bool:
    before, _, after = family.partition("*")
    return name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)


@dataclass(frozen=True)
class Scores:
    """Evaluation of a split's predictions: metrics by name, and one row a sample for later statistics.

    samples: equally long arrays by column name; `id` is always among them; `label` and `predicted`, where they are
    there, are numbers of classes; `cluster`, where samples belong together, says of what each is a part (the video of a
    frame, the camera of a photograph), so that intervals over test samples draw whole clusters.
    """

    metrics: dict[str, float]
    samples: dict[str, np.ndarray]


@dataclass(frozen=True)
class Panel:
    """One cell of an overlay: a picture (H, W, 3) uint8 RGB, and a line of text below it."""

    image: np.ndarray
    caption: str = ""


class Task(Plugin, ReadsWeights, ABC):
    """A task adapter: a subclass says what to train on, with what, and how to score it. The training loop is shared.

    Constructing one reads no file and imports no torch, so that suites are planned in milliseconds.
    """

    info: ClassVar[TaskInfo]
    Params: ClassVar[type[Recipe]]
    variants: ClassVar[Sequence[Variant]] = (FULL, MINI)
    """The forms in which its data come, with what each sets in the recipe."""
    folder: ClassVar[str] = ""
    """Folder of the full data set under the data root; a variant may add a suffix to it. Tasks may share one."""
    probe: ClassVar[str] = ""
    """Augmentation that mixes the samples on which input gradients are measured, always, with its default parameters;
    one that does not look at the model. "" measures none."""

    def __init__(self, params: Recipe, *, variant: str, data_root: Path) -> None:
        """variant: the name of one of `variants`; raises `UserError` for any other."""
        super().__init__(params)
        self.variant = variant
        self._variant = self.variant_named(variant, self.name or type(self).__name__)
        name = self.folder + self._variant.suffix
        self.root = generated_folder(data_root, name) if self.generated else data_root / name

    @property
    def generated(self) -> bool:
        """Returns whether `prepare` makes the data of this variant."""
        return self._variant.generated

    @classmethod
    def variant_named(cls, name: str, where: str) -> Variant:
        """Returns the task's variant of that name. Raises `UserError` that begins with `where` for any other."""
        known = {variant.name: variant for variant in cls.variants}
        if name not in known:
            raise UserError(f"{where}: unknown variant {name!r}{nearest(name, known)}")
        return known[name]

    @classmethod
    def resolve_params(cls, values: Mapping[str, Any], variant: str, where: str) -> Recipe:
        """Returns the variant's parameters, overridden by `values`. Raises `UserError` that begins with `where`."""
        return validate_params(cls.Params, {**cls.variant_named(variant, where).params, **values}, where)

    @classmethod
    def setting(cls, params: Any) -> str:
        """Returns the protocol that parameters of `Params` choose, in words, for the notes under a table; "" where the
        task has only one. Reads no data.
        """
        return ""

    @classmethod
    def check(cls, params: Any) -> None:
        """Raises `UserError` for parameters with which every run fails, as far as that shows before it begins.

        params: of `Params`. Reads no data and imports no torch. The message begins with the parameter's name.
        """

    @abstractmethod
    def prepare(self, progress: Progress) -> None:
        """Make the data ready under `self.root`: generate them (once) if they are to be, or check that they are there.

        Raises `MissingDataError` that says where to get the full data set and where to put it.
        """

    def missing_inputs(self) -> list[str]:
        """Returns one message, with its remedy, for each input (data or weights) that a run needs and lacks; [] if
        none.

        Reads no image and imports no torch. Generated data do not count: `prepare` makes them. By default what
        `prepare` misses of others; a task where that takes long overrides this, and one with weight files adds them.
        """
        if self.generated:
            return []
        return missing_messages(lambda: self.prepare(no_progress))

    @classmethod
    def leftovers(cls, data_root: Path) -> list[Path]:
        """Returns what killed processes left of this task's files below a data set's folder; nothing that is in use."""
        return []

    @classmethod
    def preload(cls) -> None:
        """Imports and compiles what training and scoring need, before the time and the memory of a run are measured.

        Called before each run; it may do nothing.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """A hash of the data that this task reads; independent of where it lies. Raises `MissingDataError`."""

    @abstractmethod
    def verify(self, progress: Progress) -> list[str]:
        """Read everything; what is wrong, one line each with file and line, and [] if nothing is."""

    @abstractmethod
    def training_set(self) -> TrainingSet:
        """The training images as an offline synthesizer sees them."""

    def train_size(self) -> int:
        """Returns the number of real training samples. A task without a `training_set` says it itself."""
        return len(self.training_set())

    @abstractmethod
    def train_data(self, synthetic: Path | None) -> Dataset[Any]:
        """Returns the training items, in the form that `benchmarks.training.data` describes; `synthetic`: a set to
        add.
        """

    @abstractmethod
    def eval_data(self, split: Literal["val", "test"]) -> Dataset[Any]:
        """The samples of a split, untransformed but for size, in a fixed order."""

    @abstractmethod
    def build_model(self) -> nn.Module:
        """The network, its weights drawn from torch's global generator. inputs (B, C, *spatial) to logits (B, K)."""

    @abstractmethod
    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        """Returns what `score` needs of each sample, as numpy arrays and plain values.

        model is in eval mode and gradients are off; inputs (B, C, *spatial) normalised; labels (B,).
        """

    @abstractmethod
    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """Every metric of `info` on a split. ids and predictions are of one length, in the order of `eval_data`."""

    def image_files(self) -> Mapping[str, Sequence[Path]]:
        """Returns the image files of each official split; {} where samples are no files of images. Raises as
        `training_set`."""
        return {}

    def contents(self, progress: Progress) -> Contents | None:
        """Returns the contents of samples that are no files of images, by official split; None where `image_files` has
        them, or nothing is known of them. Reads all of the data. Raises as `prepare`.
        """
        return None

    def pictures(self, model: nn.Module, count: int) -> dict[str, np.ndarray]:
        """Up to `count` pictures of what a trained model does on test samples, by file name: (H, W, 3) uint8 RGB."""
        return {}

    def exchanged(self, split: Literal["val", "test"], count: int) -> Dataset[Any] | None:
        """Returns up to `count` images of a split with backgrounds and targets exchanged, as the reliance probe reads
        them (`images` (3, C, H, W) uint8: as it is, over another's background, another's target; `label`); None where
        the split has no segmentations."""
        return None

    def overlay(self, model: nn.Module | None, places: Sequence[int]) -> list[Panel]:
        """Returns a panel for each of some test samples, that `provbench overlay` shows method below method.

        model: a trained network, in eval mode; None for the panels of the first row, which show the samples and what is
        true of them. places: of the samples in `eval_data("test")`. A task that does not override this has no overlays.
        """
        raise UserError(f"{self.name}: the task draws no overlays")

    @classmethod
    def draws_overlays(cls) -> bool:
        """Returns whether the task has overlays."""
        return cls.overlay is not Task.overlay

    def overlay_places(self, count: int) -> list[int]:
        """Returns up to `count` places of test samples to draw overlays of, drawn at random, the same each time."""
        import numpy as np

        size = len(cast("Sized", self.eval_data("test")))
        return np.random.default_rng(0).permutation(size).tolist()[:count]

    def class_names(self) -> Sequence[str]:
        """Returns the names of the classes in the order of their numbers, for pictures and reports; () where they have
        none. It may read the data: raises `MissingDataError` as `training_set` does."""
        return ()

    def sample_groups(self) -> Mapping[str, int]:
        """Returns the number of each training sample's group by its id, for methods that use groups; {} where there are
        none. Synthetic samples have none."""
        return {}

    def class_weight(self) -> Tensor | None:
        """(K,) weights of the classification loss, or None."""
        return None

    @property
    def normalization(self) -> tuple[Sequence[float], Sequence[float]]:
        """Mean and std of each channel for pixels in [0, 1]. Default: ImageNet's."""
        return (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
