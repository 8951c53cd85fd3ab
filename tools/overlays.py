"""Pictures of what localisation runs look at: image, score map and box, method beside method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..benchmarks.common.images import read_image
from ..benchmarks.cub_wsol.metrics import SIDE, largest_box, localize, normalize_scoremap
from ..benchmarks.cub_wsol.task import CubWsol
from ..benchmarks.training.data import Preprocessor, collate
from ..registry import MissingDataError, UserError
from ..suites.execute import build_task
from ..suites.spec import Place, RunSpec

TRUE_BOX, PREDICTED_BOX = "#2ca02c", "#d62728"


@dataclass(frozen=True)
class Localized:
    """A method's score maps (N, 224, 224) and boxes (N, 4) on some test images, and their IoU with the true box."""

    label: str
    scoremaps: np.ndarray
    boxes: np.ndarray
    ious: np.ndarray


def pick(task: CubWsol, count: int, seed: int = 0) -> list[int]:
    """Test images at random, one a class as long as there are classes left."""
    data = task.eval_data("test")
    order = np.random.default_rng(seed).permutation(len(data))  # pyright: ignore[reportArgumentType]
    by_class: dict[int, int] = {}
    for index in order:
        by_class.setdefault(int(data[int(index)]["label"]), int(index))
    rest = [int(index) for index in order if int(index) not in by_class.values()]
    return [*by_class.values(), *rest][:count]


def localized(spec: RunSpec, label: str, weights: Path, place: Place, indices: Sequence[int]) -> Localized:
    """What a finished run predicts for test images. The box is the largest contour's, at the threshold of MaxBoxAcc."""
    task = localization_task(spec, place)
    if not weights.is_file():
        raise MissingDataError(f"{weights}: no such weights; run the suite with --keep final to have them")
    net = task.build_model()
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    net.eval()
    data, preprocess = task.eval_data("test"), Preprocessor(*task.normalization)
    maps, boxes = [], []
    with torch.no_grad():
        for start in range(0, len(data), 64):  # pyright: ignore[reportArgumentType]
            items = [data[i] for i in range(start, min(start + 64, len(data)))]  # pyright: ignore[reportArgumentType]
            batch = preprocess(collate(items))
            for item, row in zip(items, task.predict(net, batch["inputs"], batch["labels"]), strict=True):
                maps.append(normalize_scoremap(row["scoremap"]))
                boxes.append(task.true_boxes("test", item["id"]))
    found = localize(maps, boxes, thresholds=task.params.thresholds)
    best = found.best_threshold(0.5, "largest")
    chosen = [maps[index] for index in indices]
    return Localized(
        label,
        np.stack(chosen),
        np.stack([largest_box(scoremap, float(found.thresholds[best])) for scoremap in chosen]),
        found.ious["largest"][list(indices), best],
    )


def draw(spec: RunSpec, place: Place, indices: Sequence[int], methods: Sequence[Localized], out: Path) -> None:
    """Write the picture: an image a column, the image itself in the first row and a method in each row below."""
    import cv2
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.patches import Rectangle

    task = localization_task(spec, place)
    data = task.eval_data("test")
    names = [str(data[index]["id"]) for index in indices]
    images = [cv2.resize(read_image(task.image_path("test", name)), (SIDE, SIDE)) for name in names]
    truth = [task.true_boxes("test", name) for name in names]
    rows = 1 + len(methods)
    figure, axes = plt.subplots(rows, len(indices), figsize=(1.5 * len(indices), 1.62 * rows), squeeze=False)
    for column, image in enumerate(images):
        for row in range(rows):
            axis = axes[row, column]
            axis.imshow(image)
            axis.set_xticks([])
            axis.set_yticks([])
            shown = [(box, TRUE_BOX) for box in truth[column]]
            if row > 0:
                method = methods[row - 1]
                axis.imshow(method.scoremaps[column], cmap="jet", alpha=0.45, vmin=0, vmax=1)
                axis.set_xlabel(f"IoU {method.ious[column]:.2f}", fontsize=7, labelpad=2)
                shown.append((method.boxes[column], PREDICTED_BOX))
            for (x0, y0, x1, y1), colour in shown:
                axis.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=colour, linewidth=1.6))
    for row, label in enumerate(["test image", *(method.label for method in methods)]):
        axes[row, 0].set_ylabel(label, fontsize=8)
    figure.tight_layout(pad=0.4)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def localization_task(spec: RunSpec, place: Place) -> CubWsol:
    task = build_task(spec, place)
    if not isinstance(task, CubWsol):
        raise UserError(f"{spec.task.name}: overlays are drawn of cub-wsol only")
    return task
