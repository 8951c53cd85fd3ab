"""Drops images of which a classifier of the training images is too sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ...base import Pretrained, atomic_path, functional, torch, write_errors
from ...contracts import TrainingSet
from ...models import build_network
from ...params import Params
from ...reads_weights import weights_folder, weights_of
from ..digests import seed as seed_from
from ..pixels import resized
from ..seams import Filter, Order, Progress, Verdict

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

FILE = "filter.safetensors"
"""File of the classifier and its thresholds in a set's folder."""


class ClassifierConfidenceParams(Params):
    model: str = Field("resnet50", description="registered model name")
    weights: str | None = Field("IMAGENET1K_V2", description="name of pretrained weights; null: random")
    model_options: Mapping[str, Any] = Field(default_factory=dict, description="further arguments of the model")
    image_size: int = Field(224, ge=8, description="side of the classifier's inputs in pixels")
    epochs: int = Field(20, ge=1, description="passes over the training images")
    batch_size: int = Field(32, ge=1, description="images of a step")
    lr: float = Field(1e-4, gt=0, description="learning rate of Adam")
    seed: int = Field(0, ge=0, description="of the classifier's training")


class ClassifierConfidence(Filter):
    """Drop an image if a classifier gives its predicted class at least the confidence that it has on that class.

    The classifier is trained on the training images alone. The threshold of a class is the mean probability that it
    gives that class on the class's training images. An image above the threshold of the class that is predicted is
    dropped: if it is its own class, the image is too like the training images; if it is another, the image has changed
    its class.

    Source: ALIA (Dunlap et al., NeurIPS 2023), confidence-based filtering. Its classifier is the run's own network; the
    recipe here is ours.
    """

    Params = ClassifierConfidenceParams
    params: ClassifierConfidenceParams
    _network: Any = None
    _thresholds: Sequence[float] = ()

    def weights(self, weights_dir: Path | None) -> list[Pretrained]:
        return weights_of(self.params.model, self.params.weights, weights_dir)

    def prepare(self, data: TrainingSet, folder: Path, progress: Progress) -> None:
        from ...base import write_tensors

        if (folder / FILE).is_file():
            return
        with torch.random.fork_rng():
            torch.manual_seed(seed_from("filter", self.params.seed))
            network = self._build(data)
            self._train(network, data, progress)
        network.eval()
        value = {"thresholds": self._confidences(network, data), **network.state_dict()}
        with write_errors(folder / FILE), atomic_path(folder / FILE) as temporary:
            write_tensors(value, temporary)

    def load(self, data: TrainingSet, folder: Path) -> None:
        from ...base import read_tensors

        value = dict(read_tensors(folder / FILE))
        self._thresholds = value.pop("thresholds").tolist()
        self._network = self._build(data, pretrained=False)
        self._network.load_state_dict(value)
        self._network.eval()

    def judge(self, images: Sequence[np.ndarray], orders: Sequence[Order], data: TrainingSet) -> list[Verdict]:
        with torch.no_grad():
            probabilities = self._network(self._inputs(images)).softmax(1).cpu()
        verdicts = []
        for row in probabilities:
            predicted = int(row.argmax())
            sure = float(row[predicted])
            measured = {"confidence": sure, "predicted": float(predicted)}
            verdicts.append(Verdict(sure < self._thresholds[predicted], measured))
        return verdicts

    def _build(self, data: TrainingSet, pretrained: bool = True) -> Any:
        from ..devices import device

        network = build_network(
            self.params.model,
            data.num_classes,
            model_options=self.params.model_options,
            weights=self.params.weights if pretrained else None,
            weights_dir=weights_folder(data.folder.parent),
            image_size=self.params.image_size,
        )
        return network.to(device())

    def _train(self, network: Any, data: TrainingSet, progress: Progress) -> None:
        import numpy as np

        optimizer = torch.optim.Adam(network.parameters(), lr=self.params.lr)
        network.train()
        for epoch in range(self.params.epochs):
            order = np.random.default_rng(seed_from("filter", self.params.seed, epoch)).permutation(len(data))
            for start in range(0, len(order), self.params.batch_size):
                chosen = [int(index) for index in order[start : start + self.params.batch_size]]
                if len(chosen) == 1 and len(order) > 1:
                    continue  # normalisation over a batch of one is undefined
                inputs = self._inputs([data.image(index) for index in chosen])
                inputs = torch.where(torch.rand(len(chosen), 1, 1, 1).to(inputs) < 0.5, inputs.flip(-1), inputs)
                labels = torch.tensor([data.label(index) for index in chosen]).to(inputs.device)
                optimizer.zero_grad()
                functional.cross_entropy(network(inputs), labels).backward()
                optimizer.step()
            progress(epoch + 1, self.params.epochs)

    def _confidences(self, network: Any, data: TrainingSet) -> Tensor:
        """(K,): the mean probability of each class on its own training images; 1 for a class without any."""
        sums, sizes = torch.zeros(data.num_classes), torch.zeros(data.num_classes)
        with torch.no_grad():
            for index in range(len(data)):
                row = network(self._inputs([data.image(index)])).softmax(1)[0].cpu()
                sums[data.label(index)] += row[data.label(index)]
                sizes[data.label(index)] += 1
        return torch.where(sizes > 0, sums / sizes.clamp(min=1), torch.ones_like(sums))

    def _inputs(self, images: Sequence[np.ndarray]) -> Tensor:
        """(B, 3, H, W), normalised by ImageNet's statistics."""
        import numpy as np

        from ..devices import device

        stacked = np.stack([resized(image, self.params.image_size) for image in images])
        pixels = torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 255
        mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
        return ((pixels - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)).to(device())
