"""Per-sample scores of several runs, as one matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Columns = Mapping[str, "np.ndarray"]
"""A run's stored predictions: equally long arrays, `id` among them."""


def score_matrix(runs: Sequence[Columns], column: str) -> np.ndarray:
    """(runs, samples) float64: what each run scored on each sample. Samples are in the order of their ids.

    column: a metric that is a mean over samples, which tasks store under its name, as a fraction even if it is in %.

    Raises `ValueError` where a run lacks the column, has an id twice, or was scored on other samples than the first.
    """
    import numpy as np

    if not runs:
        raise ValueError("a score matrix needs one run or more")
    rows = []
    first = np.sort(runs[0]["id"])
    for place, columns in enumerate(runs):
        if column not in columns:
            raise ValueError(f"run {place} has no column {column!r}, but {', '.join(sorted(columns))}")
        order = np.argsort(columns["id"], kind="stable")
        ids = columns["id"][order]
        if (ids[1:] == ids[:-1]).any():
            raise ValueError(f"run {place} has a sample twice: {ids[1:][ids[1:] == ids[:-1]][0]!r}")
        if not np.array_equal(ids, first):
            raise ValueError(f"run {place} was scored on other samples than run 0: {len(ids)} against {len(first)}")
        rows.append(np.asarray(columns[column], dtype=np.float64)[order])
    return np.stack(rows)


def paired_score_matrices(
    ours: Mapping[int, Columns], theirs: Mapping[int, Columns], column: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Two matrices (seeds, samples) on the seeds that both have, in the same order; None where they share none.

    Each argument: a run's stored predictions by seed. Raises `ValueError` as `score_matrix`.
    """
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        return None
    scores = score_matrix([side[seed] for side in (ours, theirs) for seed in seeds], column)
    return scores[: len(seeds)], scores[len(seeds) :]


def clusters_of(runs: Sequence[Columns]) -> np.ndarray | None:
    """(samples,): of what each sample is a part, in the order of `score_matrix`; None where no run says so.

    The column `cluster` has it, where samples belong together: the video of a frame, the camera of a photograph.
    """
    import numpy as np

    for columns in runs:
        if "cluster" in columns:
            return columns["cluster"][np.argsort(columns["id"], kind="stable")]
    return None
