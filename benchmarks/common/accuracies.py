"""Accuracies of a classifier whose samples fall into groups. Pure functions; every result is a percentage.

"Average accuracy" on Waterbirds means two things in the literature: the plain share of right answers, and the mean of
the group accuracies weighted by the group frequencies of the *training* split (the validation and test splits were
balanced by construction). They differ by ten points and more, so each has its own name here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Share of the samples whose predicted label is right. predicted, labels: (N,) integers, N > 0."""
    correct = _correct(predicted, labels)
    if not len(correct):
        raise ValueError("the accuracy of no samples is undefined")
    return 100 * float(correct.mean())


def group_accuracies(predicted: ArrayLike, labels: ArrayLike, groups: ArrayLike, num_groups: int) -> np.ndarray:
    """(G,) float64: the accuracy within each group, NaN for a group without samples.

    predicted, labels: (N,) integers; groups: (N,) integers in [0, G).
    """
    correct, groups = _correct(predicted, labels), np.asarray(groups, dtype=np.int64)
    if groups.shape != correct.shape:
        raise ValueError(f"expected one group a sample, got {groups.shape} groups for {correct.shape} samples")
    if len(groups) and not 0 <= groups.min() <= groups.max() < num_groups:
        raise ValueError(f"groups must lie in [0, {num_groups}), got {groups.min()} to {groups.max()}")
    counts = np.bincount(groups, minlength=num_groups)
    hits = np.bincount(groups, weights=correct, minlength=num_groups)
    return 100 * np.divide(hits, counts, out=np.full(num_groups, np.nan), where=counts > 0)


def macro_f1(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Mean of the F1 scores of the classes that occur in `labels`, in percent. predicted, labels: (N,) integers, N > 0.

    A class that occurs and is never predicted has an F1 of 0. This is the "F1 macro" of WILDS.
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    _correct(predicted, labels)
    if not len(labels):
        raise ValueError("the F1 of no samples is undefined")
    found = [
        2 * np.sum((predicted == one) & (labels == one)) / (np.sum(predicted == one) + np.sum(labels == one))
        for one in np.unique(labels)
    ]
    return 100 * float(np.mean(found))


def worst_group_accuracy(per_group: ArrayLike) -> float:
    """The smallest of the group accuracies (G,); groups without samples (NaN) are ignored, and one must have some.

    A split that lacks the hard groups thus has an optimistic value: the number means what it usually means only where
    every group is there.
    """
    return float(np.nanmin(_some(per_group)))


def weighted_accuracy(per_group: ArrayLike, frequencies: ArrayLike) -> float:
    """Mean of the group accuracies (G,) weighted by `frequencies` (G,), which are ≥ 0 and need not sum to 1.

    Groups without samples (NaN) are left out and the other weights scaled up. Raises `ValueError` if no group has both
    samples and weight. Source: Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts" (ICLR 2020),
    appendix C.1, with the frequencies of the training split.
    """
    values, weights = _some(per_group), np.asarray(frequencies, dtype=float)
    if weights.shape != values.shape or (weights < 0).any():
        raise ValueError(f"expected {len(values)} frequencies that are not negative, got {weights.tolist()}")
    present = ~np.isnan(values)
    if not weights[present].sum() > 0:
        raise ValueError("no group has both samples and weight")
    return float(np.average(values[present], weights=weights[present]))


def _correct(predicted: ArrayLike, labels: ArrayLike) -> np.ndarray:
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if predicted.shape != labels.shape or predicted.ndim != 1:
        raise ValueError(f"expected two arrays (N,), got shapes {predicted.shape} and {labels.shape}")
    return predicted == labels


def _some(per_group: ArrayLike) -> np.ndarray:
    values = np.asarray(per_group, dtype=float)
    if values.ndim != 1 or np.isnan(values).all():
        raise ValueError(f"expected the accuracies (G,) of groups, some with samples, got {values.tolist()}")
    return values
