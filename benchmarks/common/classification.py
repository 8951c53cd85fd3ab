"""Predictions and scores of image classification, whole and by groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from provbench.registry import Metric, Scores

from .accuracies import accuracy, group_accuracies, macro_f1, weighted_accuracy, worst_group_accuracy

if TYPE_CHECKING:
    from torch import Tensor, nn

ACCURACY = Metric("accuracy", "share of images whose class is right")
CLASS_ACCURACY = Metric("class-averaged accuracy", "mean over the classes of the share of their images that is right")
MACRO_F1 = Metric("macro F1", "mean of the F1 scores of the classes that the split has")
WORST_GROUP = Metric("worst-group accuracy", "the lowest accuracy within a group that the split has")
TRAIN_WEIGHTED = Metric(
    "accuracy (train-weighted)",
    "mean of the group accuracies, weighted by the groups' frequencies in the official training split; "
    "the 'average accuracy' of the GroupDRO literature",
)


def group_metric(group: str, words: str = "") -> Metric:
    """Returns the metric of one group's accuracy. words: what its images are called; default: the group's name."""
    return Metric(f"accuracy[{group}]", f"share of the {words or group} images whose class is right")


def class_metric(name: str) -> Metric:
    """Returns the metric of one class's accuracy."""
    return Metric(f"class accuracy[{name}]", f"share of the images of class {name} whose class is right")


def predicted_labels(model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
    """Returns `label` and `predicted` of each sample."""
    columns = zip(labels.tolist(), model(inputs).argmax(dim=1).tolist(), strict=True)
    return [{"label": label, "predicted": guess} for label, guess in columns]


def classification_scores(
    declared: Sequence[Metric],
    ids: Sequence[str],
    predictions: Sequence[Mapping[str, Any]],
    *,
    num_classes: int,
    class_names: Sequence[str] = (),
    group_names: Sequence[str] = (),
    group_of: Mapping[str, int] | None = None,
    frequencies: Sequence[int] = (),
) -> Scores:
    """Returns those of the metrics above that are declared, in the declared order, and the samples' columns.

    predictions: `label` and `predicted` of each of `ids`. class_names: given where the accuracy of each class is
    wanted. group_of: the group's number by id; without `group_names` there are no groups. frequencies: images of each
    group in the official training split. Metrics of classes and groups that the split lacks are left out.
    """
    labels, predicted = (np.array([row[name] for row in predictions]) for name in ("label", "predicted"))
    per_class = group_accuracies(predicted, labels, labels, num_classes)
    found = {ACCURACY.name: accuracy(predicted, labels), CLASS_ACCURACY.name: float(np.nanmean(per_class))}
    found |= {class_metric(name).name: value for name, value in _there(class_names, per_class)}
    if MACRO_F1 in declared:
        found[MACRO_F1.name] = macro_f1(predicted, labels)
    columns = {"id": np.array(ids), "label": labels, "predicted": predicted}
    if group_names:
        columns["group"] = np.array([(group_of or {})[name] for name in ids])
        per_group = group_accuracies(predicted, labels, columns["group"], len(group_names))
        found[WORST_GROUP.name] = worst_group_accuracy(per_group)
        if sum(frequencies):
            found[TRAIN_WEIGHTED.name] = weighted_accuracy(per_group, frequencies)
        found |= {group_metric(group).name: value for group, value in _there(group_names, per_group)}
    metrics = {metric.name: found[metric.name] for metric in declared if metric.name in found}
    return Scores(metrics, {**columns, "accuracy": labels == predicted})


def _there(names: Sequence[str], values: np.ndarray) -> list[tuple[str, float]]:
    """Returns names with their values, without those that have none."""
    pairs = zip(names, values.tolist(), strict=True) if names else ()
    return [(name, value) for name, value in pairs if not np.isnan(value)]
