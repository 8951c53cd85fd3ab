"""Weakly supervised spatio-temporal action localisation on UCF101-24: trained on labels of videos, tested on tubes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from pydantic import Field

from provbench.registry import (
    FULL,
    MINI,
    Contents,
    InstanceNetwork,
    Metric,
    Progress,
    Recipe,
    Scores,
    Task,
    TaskInfo,
    TrainingSet,
    build_network,
    tunable,
)
from provbench.registry.base import UserError, missing_messages

from ..common import check_model, generated_problems
from . import converted, data
from .annotations import video_source
from .localization import Linking, Trimming, detect
from .metrics import frame_map, table_maps, tube_overlap

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.data import Dataset

    from .clips import ClipDataset

METRICS = {"video-AP@50": "0.5", "video-AP@20": "0.2", "video-AP@75": "0.75", "video-AP@50:95": "0.5:0.95"}
"""The metrics of whole tubes, and how `metrics.table_maps` calls them."""
MATLAB = {f"{name} (MATLAB)": column for name, column in METRICS.items()}
"""The same as the MATLAB code of the corrected annotations scores them."""


ScoreKind = Literal["probability", "relative"]
SCORE_KINDS: dict[ScoreKind, str] = {
    "probability": "a person's own class probabilities",
    "relative": "where a person's logit lies between the lowest and the highest of the video; tubes weigh as much more "
    "as their class is probable in the video",
}
"""Definitions of a person's score, by kind."""


class Ucf10124Params(Recipe):
    """The recipe that arXiv 2608.25701 gives for its keypoint network, as far as it is stated: SKP's own is unknown.

    Its table lists two learning rates, two batch sizes and three weight decays without saying here which go together;
    its linear decay is the cosine here.
    """

    model: str = Field("skp", description="registered model; one with `instance_logits`")
    epochs: int = Field(150, ge=1)
    batch_size: int = Field(256, ge=1)
    lr: float = tunable(0.48, low=1e-3, high=2.0, log=True, gt=0, description="learning rate")
    momentum: float = Field(0.0, ge=0, lt=1, description="of SGD")
    nesterov: bool = Field(False, description="momentum in Nesterov's form")
    weight_decay: float = tunable(1e-4, low=1e-6, high=1e-2, log=True, ge=0)
    val_every: int = Field(10, ge=1, description="epochs between validations; the last epoch is always validated")
    # what the network sees
    frames: int = Field(48, ge=1, description="frames of a video that are sampled")
    people: int = Field(4, ge=1, description="people of a frame, the surest ones")
    follow: bool = Field(False, description="follow the surest people of a video instead; for models of tracks")
    coordinates: Literal["frame", "person"] = Field("frame", description="what x and y are relative to")
    scale: float = Field(0.2, ge=0, lt=1, description="training clouds grow or shrink by up to so much")
    shift: float = Field(0.2, ge=0, description="and move by up to so much, in units of half the longer image side")
    rotate: float = Field(5.0, ge=0, description="and turn by up to so many degrees")
    hflip: float = Field(0.5, ge=0, le=1, description="probability of mirroring a training cloud")
    joint_drop: float = Field(
        0.0, ge=0, lt=1, description="probability of each joint of a training cloud to be missing"
    )
    crop: float = Field(1.0, gt=0, le=1, description="shortest share of a video that a training clip covers")
    # how its scores become tubes
    scores: ScoreKind = Field(
        "relative", description="; ".join(f"{name}: {what}" for name, what in SCORE_KINDS.items())
    )
    box_margin: float = Field(Linking.margin, ge=0, description="what a box is wider than its joints, each side")
    min_joints: int = Field(Linking.min_joints, ge=1, description="people with fewer have no box")
    link_iou: float = Field(Linking.min_iou, ge=0, le=1, description="that a box needs to continue a track")
    link_iou_weight: float = Field(
        Linking.iou_weight, ge=0, description="weight of the IoU relative to the person's score; ACT: 0"
    )
    max_gap: int = Field(Linking.max_gap, ge=0, description="frames without a box that a track survives")
    min_track: int = Field(Linking.min_length, ge=1, description="frames of the shortest track")
    trim: Literal["none", "threshold", "viterbi"] = Field(Trimming.kind, description="how a track is cut in time")
    trim_threshold: float = tunable(
        Trimming.threshold, low=0.02, high=0.7, ge=0, le=1, description="score of the action"
    )
    switch_cost: float = Field(Trimming.switch_cost, ge=0, description="trim viterbi: of each beginning and end")
    smooth: int = Field(5, ge=1, description="frames of the moving average over a track's scores")
    min_tube: int = Field(Trimming.min_length, ge=1, description="frames of the shortest tube")
    top_classes: int = Field(5, ge=1, description="classes of a video that get tubes, the most probable ones")


def _metrics() -> tuple[Metric, ...]:
    mean = "mean over the classes of the average precision of"
    return (
        Metric("video-AP@50", f"{mean} tubes, right from a spatio-temporal IoU of 0.5"),
        Metric("video-AP@20", f"{mean} tubes, right from a spatio-temporal IoU of 0.2"),
        Metric("video-AP@75", f"{mean} tubes, right from a spatio-temporal IoU of 0.75"),
        Metric("video-AP@50:95", "mean of video AP at 0.5, 0.55, … 0.95"),
        Metric("frame-AP@50", f"{mean} the boxes of single frames, right from an IoU of 0.5"),
        Metric("accuracy", "share of videos whose class is right"),
        *(
            Metric(name, f"{name.partition(' ')[0]} as the MATLAB code of the corrected annotations scores it")
            for name in MATLAB
        ),
    )


class Ucf10124(Task):
    """Find who acts, where and when, in 24 classes of sports, from keypoints and the labels of videos alone.

    The network scores every person of every sampled frame; people are linked into tracks by their boxes, and each track
    is trimmed to the part that scores high. Source: the protocol of Singh et al., "Online Real-time Multiple
    Spatiotemporal Action Localisation and Prediction" (ICCV 2017), with their corrected annotations, from weak labels
    as in Chéron et al., "A flexible model for training action localization with varying levels of supervision" (2018).
    """

    version = "2"

    info = TaskInfo(
        title="UCF101-24, weakly supervised spatio-temporal action localisation from keypoints",
        metrics=_metrics(),
        selection={"val": "video-AP@50"},
        licence="UCF101: research use. Annotations and skeletons: as their repositories say.",
        citation=(
            "Soomro et al., UCF101: A Dataset of 101 Human Actions Classes From Videos in The Wild (2012); Singh et "
            "al., Online Real-time Multiple Spatiotemporal Action Localisation and Prediction (ICCV 2017); Duan et "
            "al., Revisiting Skeleton-based Action Recognition (CVPR 2022)"
        ),
        homepage="https://github.com/gurkirt/corrected-UCF101-Annots",
        splits={
            "train": "the 2,035 official training videos (split 1) of groups 8 to 23, with labels of whole videos only",
            "val": "the 249 official training videos (split 1) of groups 24 and 25, with tubes",
            "test": "the 910 official test videos (split 1), with tubes",
        },
    )
    Params = Ucf10124Params
    params: Ucf10124Params
    variants = (
        FULL,
        MINI.having(
            model="tiny-skp",
            epochs=12,
            batch_size=8,
            optimizer="adamw",
            lr=5e-3,
            weight_decay=1e-2,
            clip_grad_norm=1.0,
            warmup_epochs=1,
            val_every=12,
            frames=8,
            people=4,
            # figures stand anywhere, and there are not enough of them to learn what does not depend on where
            coordinates="person",
            scale=0.0,
            shift=0.0,
            rotate=0.0,
            hflip=0.0,
            # its videos are a fifth as long
            min_track=6,
            min_tube=5,
            smooth=3,
        ),
    )
    folder = "ucf101-24"
    probe = "batchmix"

    def __init__(self, params: Recipe, *, variant: str, data_root: Path) -> None:
        super().__init__(params, variant=variant, data_root=data_root)
        self._splits: dict[data.Split, ClipDataset] = {}

    @classmethod
    def check(cls, params: Any) -> None:
        check_model(params.model)

    def prepare(self, progress: Progress) -> None:
        if self.generated:
            from .mini import generate

            generate(self.root, progress)
            return
        data.convert(self.root, progress)

    def missing_inputs(self) -> list[str]:
        return [] if self.generated else missing_messages(lambda: data.require_files(self.root))

    @classmethod
    def leftovers(cls, data_root: Path) -> list[Path]:
        return [path for name in (cls.folder, f"{cls.folder}-mini") for path in converted.leftovers(data_root / name)]

    def fingerprint(self) -> str:
        return data.fingerprint(self.root)

    def verify(self, progress: Progress) -> list[str]:
        if self.generated:
            from .mini import MINI

            problems = generated_problems(self.root) if self.root.is_dir() else []
            return problems + data.verify(self.root, progress, counts=MINI.counts())
        return data.verify(self.root, progress)

    def contents(self, progress: Progress) -> Contents:
        from .contents import video_contents

        return video_contents(self.root, progress)

    def training_set(self) -> TrainingSet:
        """There is none: raises `UserError`."""
        raise UserError(
            f"{self.name}: has keypoints and no images, which offline synthesizers need: use an augmentation"
        )

    def train_size(self) -> int:
        return len(self._clips("train"))

    def train_data(self, synthetic: Path | None) -> Dataset[Any]:
        if synthetic is not None:
            self.training_set()
        return self._clips("train")

    def eval_data(self, split: Literal["val", "test"]) -> Dataset[Any]:
        return self._clips(split)

    def build_model(self) -> nn.Module:
        """Returns an `InstanceNetwork`; raises `UserError` for other models."""
        people = self.params.people
        return build_network(self.params.model, len(data.CLASSES), offers=InstanceNetwork, people=people)

    def class_names(self) -> Sequence[str]:
        return data.CLASSES

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        """`label`, `predicted`, `probabilities` (K,) of the video, `logits` (N, K) of its instances, both float32."""
        logits = model(inputs)
        instances = cast("InstanceNetwork", model).instance_logits(inputs).float()
        columns = zip(
            labels.tolist(),
            logits.argmax(dim=1).tolist(),
            logits.float().softmax(dim=1).cpu().numpy(),
            instances.cpu().numpy(),
            strict=True,
        )
        return [
            {"label": label, "predicted": guess, "probabilities": probabilities, "logits": rows}
            for label, guess, probabilities, rows in columns
        ]

    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """The metrics of `info`. A video's `overlap`: the mean over its true tubes of the best one that was found."""
        places = {name: place for place, name in enumerate(self._clips(split).names)}
        found = {
            name: self.detections(split, places[name], prediction)
            for name, prediction in zip(ids, predictions, strict=True)
        }
        truth = data.read_tubes(self.root, split)
        everything = [tube for name in sorted(found, key=places.__getitem__) for tube in found[name]]
        maps = table_maps(everything, truth, num_classes=len(data.CLASSES))
        matlab = table_maps(everything, truth, num_classes=len(data.CLASSES), evaluation="matlab")
        labels = np.array([prediction["label"] for prediction in predictions])
        predicted = np.array([prediction["predicted"] for prediction in predictions])
        correct = labels == predicted
        metrics = {
            **{name: maps[column] for name, column in METRICS.items()},
            "frame-AP@50": frame_map(everything, truth, iou=0.5, num_classes=len(data.CLASSES))["mAP"],
            "accuracy": 100 * float(correct.mean()),
            **{name: matlab[column] for name, column in MATLAB.items()},
        }
        columns = {
            "cluster": np.array([video_source(name) for name in ids]),
            "label": labels,
            "predicted": predicted,
            "accuracy": correct,
            "overlap": _overlaps(ids, found, truth),
        }
        return Scores(metrics, {"id": np.array(ids), **columns})

    def pictures(self, model: nn.Module, count: int) -> dict[str, np.ndarray]:
        """Frames of test videos with the true and the predicted tubes."""
        from .pictures import sample_pictures

        return sample_pictures(self, model, count)

    def detections(self, split: Literal["val", "test"], place: int, prediction: dict[str, Any]) -> list[dict[str, Any]]:
        """The tubes that a video's prediction comes to. place: the video's in `eval_data(split)`."""
        options, clips = self.params, self._clips(split)
        video = clips.videos[place]
        frames, people = clips.sample(place)
        frame, slot = np.nonzero(people >= 0)
        logits = prediction["logits"].reshape(*people.shape, -1)[frame, slot]
        scores = np.full((*video.scores.shape[:2], logits.shape[-1]), np.nan)
        scores[people[frame, slot], frames[frame]] = instance_scores(logits, options.scores)
        probabilities = prediction["probabilities"]
        classes = np.argsort(-probabilities, kind="stable")[: options.top_classes].tolist()
        weights = {label: float(probabilities[label]) if options.scores == "relative" else 1.0 for label in classes}
        trimming = Trimming(options.trim, options.trim_threshold, options.switch_cost, options.smooth, options.min_tube)
        return detect(video.video, clips.tracks(place), scores, weights, trimming)

    @property
    def normalization(self) -> tuple[Sequence[float], Sequence[float]]:
        """Clouds come normalised."""
        return (0.0,) * 5, (1.0,) * 5

    def _clips(self, split: data.Split) -> ClipDataset:
        """The videos of a split, kept with their tracks, which no model changes."""
        if split not in self._splits:
            from .clips import ClipDataset, Jitter, Sampling

            options = self.params
            linking = Linking(
                options.box_margin,
                options.min_joints,
                options.link_iou,
                options.link_iou_weight,
                options.max_gap,
                options.min_track,
            )
            change = Jitter(
                options.scale, options.shift, options.rotate, options.hflip, options.joint_drop, options.crop
            )
            self._splits[split] = ClipDataset(
                data.read_skeletons(self.root, split),
                Sampling(options.frames, options.people, options.follow, linking, options.coordinates),
                change if split == "train" else None,
            )
        return self._splits[split]


def instance_scores(logits: np.ndarray, kind: ScoreKind) -> np.ndarray:
    """(N, K) in [0, 1]: the scores of a video's people, as `SCORE_KINDS` says. logits: (N, K) of its people.

    People share what the network saw of the whole video, which lifts or lowers all of them equally; `relative` takes
    that out, as score maps of images are normalised before boxes are drawn around what is left.
    """
    if kind == "probability" or not len(logits):
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)
    low, high = logits.min(axis=0), logits.max(axis=0)
    return (logits - low) / np.where(high > low, high - low, 1.0)


def _overlaps(
    ids: Sequence[str], found: dict[str, list[dict[str, Any]]], truth: Sequence[dict[str, Any]]
) -> np.ndarray:
    """(videos,): mean over a video's true tubes of the largest overlap with a tube of its class; NaN without any."""
    best: dict[str, list[float]] = {name: [] for name in ids}
    for tube in truth:
        if tube["video"] in best:
            own = [guess for guess in found[tube["video"]] if guess["label"] == tube["label"]]
            best[tube["video"]].append(max((tube_overlap(guess, tube) for guess in own), default=0.0))
    return np.array([np.mean(values) if values else np.nan for values in best.values()])
