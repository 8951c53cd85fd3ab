"""Predictions and scores of image classification, whole and by groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from provbench.registry import Metric, Scores

from .accuracies import accuracy, group_accuracies, weighted_accuracy, worst_group_accuracy

if TYPE_CHECKING:
    from torch import Tensor, nn

ACCURACY = Metric("accuracy", "share of images whose class is right")
CLASS_ACCURACY = Metric("class-averaged accuracy", "mean over the classes of the share of their images that is right")
WORST_GROUP = Metric("worst-group accuracy", "the lowest accuracy within a group that the split has")
TRAIN_WEIGHTED = Metric(
    "accuracy (train-weighted)",
    "mean of the group accuracies, weighted by the groups' frequencies in the official training split; "
    "the 'average accuracy' of the GroupDRO literature",
)


def group_metric(group: str, words: str = "") -> Metric:
    """Returns the metric of one group's accuracy. words: what its images are called; default: the group's name."""
    return Metric(f"accuracy[{group}]", f"share of the {words or group} images whose class is right")


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
    group_names: Sequence[str] = (),
    group_of: Mapping[str, int] | None = None,
    frequencies: Sequence[int] = (),
) -> Scores:
    """Returns those of the metrics above that are declared, in the declared order, and the samples' columns.

    predictions: `label` and `predicted` of each of `ids`. group_of: the group's number by id; without `group_names`
    there are no groups. frequencies: images of each group in the official training split. Metrics of classes and
    groups that the split lacks are left out.
    """
    labels, predicted = (np.array([row[name] for row in predictions]) for name in ("label", "predicted"))
    per_class = group_accuracies(predicted, labels, labels, num_classes)
    found = {ACCURACY.name: accuracy(predicted, labels), CLASS_ACCURACY.name: float(np.nanmean(per_class))}
    columns = {"id": np.array(ids), "label": labels, "predicted": predicted}
    if group_names:
        columns["group"] = np.array([(group_of or {})[name] for name in ids])
        per_group = group_accuracies(predicted, labels, columns["group"], len(group_names))
        found[WORST_GROUP.name] = worst_group_accuracy(per_group)
        if sum(frequencies):
            found[TRAIN_WEIGHTED.name] = weighted_accuracy(per_group, frequencies)
        named = zip(group_names, per_group.tolist(), strict=True)
        found |= {group_metric(group).name: value for group, value in named if not np.isnan(value)}
    metrics = {metric.name: found[metric.name] for metric in declared if metric.name in found}
    return Scores(metrics, {**columns, "accuracy": labels == predicted})
