"""Likeness of images in the space of some features: distances of sets, diversity, and copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import MissingDataError, UserError
from ..core import MODELS
from .pixels import resized

if TYPE_CHECKING:
    import numpy as np

Images = Sequence["np.ndarray"]
"""Images (H, W, 3) uint8 RGB, of any sizes."""
Extractor = Callable[[Images], "np.ndarray"]
"""Maps N images to features (N, D) float64."""

THUMBNAIL = 8
"""Side of the thumbnails that the features `pixels` are."""
INCEPTION = "weights-inception-2015-12-05-6726825d.pth"
INCEPTION_SIDE = 299
BATCH = 32


def extractor(name: str, weights: str | None, size: int, weights_dir: Path) -> Extractor:
    """Returns the features of a name.

    `pixels`: the colours of a thumbnail of 8 x 8, in [0, 1]; needs no weights, and sees colours and places only.
    `inception`: the 2,048 features of Inception v3 that FID is defined by (torch-fidelity). Any other: the pooled last
    features of a registered model with those weights, on images of `size` pixels. Raises `UserError` for an unknown
    name, and `MissingDataError` where weights are missing.
    """
    if name == "pixels":
        return thumbnails
    if name == "inception":
        return _inception()
    if name not in MODELS:
        raise UserError(f"--features {name}: neither pixels, inception nor a registered model ({', '.join(MODELS)})")
    return _pooled(name, weights, size, weights_dir)


def thumbnails(images: Images) -> np.ndarray:
    """Returns (N, 192): the colours of thumbnails."""
    import numpy as np

    return np.stack([resized(image, THUMBNAIL).reshape(-1) / 255.0 for image in images]).astype(np.float64)


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the Fréchet distance of two sets of features (N, D), each taken as normally distributed.

    |m1 - m2|² + trace(C1 + C2 - 2 (C1 C2)^½); FID if the features are Inception's. It is too large on average for few
    samples, so that only sets of the same size compare. The trace of the root is the sum of the singular values of
    A1 A2ᵀ, for covariances C = Aᵀ A, which also holds where there are fewer samples than features. NaN for fewer than
    two samples. Source: Heusel et al. (NeurIPS 2017).
    """
    import numpy as np

    if min(len(one), len(other)) < 2:
        return float("nan")
    centred = [(part - part.mean(0)) / np.sqrt(len(part) - 1) for part in (one, other)]
    mean = float(((one.mean(0) - other.mean(0)) ** 2).sum())
    traces = sum(float((part**2).sum()) for part in centred)
    root = float(np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum())
    return max(0.0, mean + traces - 2 * root)


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the unbiased squared maximum mean discrepancy of two sets of features (N, D); KID if Inception's.

    Kernel: (x · y / D + 1)³. Its mean does not depend on the numbers of samples; it may be negative. NaN for fewer than
    two samples. Source: Binkowski et al. (ICLR 2018).
    """
    if min(len(one), len(other)) < 2:
        return float("nan")

    def kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return (left @ right.T / left.shape[1] + 1) ** 3

    def within(features: np.ndarray) -> float:
        values, count = kernel(features, features), len(features)
        return float(values.sum() - values.trace()) / (count * (count - 1))

    return within(one) + within(other) - 2 * float(kernel(one, other).mean())


def diversity(features: np.ndarray) -> float:
    """Returns the mean Euclidean distance of all pairs of features (N, D); NaN for fewer than two."""
    from scipy.spatial.distance import pdist

    return float(pdist(features).mean()) if len(features) > 1 else float("nan")


def nearest(features: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the Euclidean distance of each of `features` (N, D) to the nearest of `others`, and the place of that."""
    from scipy.spatial.distance import cdist

    distances = cdist(features, others)
    places = distances.argmin(axis=1)
    return distances[range(len(features)), places], places


def nearest_other(features: np.ndarray) -> np.ndarray:
    """Returns the distance of each of the features (N, D) to the nearest other one; infinite for a single one."""
    import numpy as np
    from scipy.spatial.distance import cdist

    distances = cdist(features, features)
    np.fill_diagonal(distances, np.inf)
    return distances.min(axis=1)


def _inception() -> Extractor:
    import numpy as np
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION
    if not path.is_file():
        raise MissingDataError(
            f"{path}: no weights of Inception v3 for FID and KID (92 MB, torch-fidelity's release); or use --features "
            "pixels, or a registered model"
        )
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (  # pyright: ignore[reportMissingImports]
            FeatureExtractorInceptionV3,
        )
    except ImportError:
        raise MissingDataError(
            "features: inception needs the package torch-fidelity, which is in no extra, as its release 0.4 brings a "
            "package named tests: pip install torch-fidelity; or use --features with a network of torchvision or timm"
        ) from None
    network: Any = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(path))

    def extract(images: Images) -> np.ndarray:
        found = []
        for start in range(0, len(images), BATCH):
            part = [resized(image, INCEPTION_SIDE) for image in images[start : start + BATCH]]
            with torch.no_grad():
                found.append(network(torch.from_numpy(np.stack(part)).permute(0, 3, 1, 2))[0].double().numpy())
        return np.concatenate(found)

    return extract


def _pooled(name: str, weights: str | None, size: int, weights_dir: Path) -> Extractor:
    import numpy as np
    import torch

    from ..models import FeatureNetwork, build_network

    options = {"weights": weights, "weights_dir": weights_dir, "image_size": size}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network: Any = build_network(name, 2, offers=FeatureNetwork, **options).eval()

    def extract(images: Images) -> np.ndarray:
        mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        found = []
        for start in range(0, len(images), BATCH):
            part = np.stack([resized(image, size) for image in images[start : start + BATCH]])
            pixels = torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255
            with torch.no_grad():
                found.append(network.feature_maps((pixels - mean) / std).mean((2, 3)).double().numpy())
        return np.concatenate(found)

    return extract
