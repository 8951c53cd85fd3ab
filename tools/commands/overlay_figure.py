"""The figure of an overlay: test samples in columns, method below method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provbench.registry import Panel


def draw(rows: Sequence[tuple[str, Sequence[Panel]]], out: Path) -> None:
    """Write a figure whose rows have a label and equally many panels each."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    columns = len(rows[0][1])
    figure, axes = plt.subplots(len(rows), columns, figsize=(1.5 * columns, 1.62 * len(rows)), squeeze=False)
    for row, (label, panels) in zip(axes, rows, strict=True):
        for axis, panel in zip(row, panels, strict=True):
            axis.imshow(panel.image)
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_xlabel(panel.caption, fontsize=7, labelpad=2)
        row[0].set_ylabel(label, fontsize=8)
    figure.tight_layout(pad=0.4)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)
    plt.close(figure)
