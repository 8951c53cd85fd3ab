"""Training of a diffusion model's adapters and tokens on training images and their captions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import UserError, atomic_path, functional, make_folder, read_tensors, torch, write_errors, write_tensors
from .devices import out_of_memory
from .digests import seed as seed_from
from .seams import Generator, Progress, Tuning
from .tokens import check_prompts
from .trainable import Trainable

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from .schedule import TuningParams


def load_to_train(generator: Generator) -> Any:
    """Returns a generator's pipeline in FP32, all of its weights frozen."""
    pipeline = generator.load(training=True)
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        part.requires_grad_(False)
    return pipeline


def train(
    pipeline: Any,
    parts: Sequence[Trainable],
    examples: Examples,
    params: TuningParams,
    state: Path,
    progress: Progress,
) -> None:
    """Trains the parts of a pipeline by the mean squared error of the predicted noise, or velocity.

    Everything random follows from the examples' seed. state: a file that is written every `save_every` steps and that
    an interrupted training goes on from. A batch that does not fit into memory is computed in smaller parts.
    """
    from diffusers.optimization import get_scheduler

    check_prompts(pipeline, [examples.tuning.captions[index] for index in examples.indices])
    groups = [{"params": part.parameters, "weight_decay": part.decay(params.weight_decay)} for part in parts]
    optimizer = torch.optim.AdamW(groups, lr=params.lr)
    total = params.steps_for(len(examples.indices))
    rates = get_scheduler(
        _NAMES[params.schedule], optimizer, num_warmup_steps=min(params.warmup, total), num_training_steps=total
    )
    step = _resume(state, parts, optimizer, rates)
    loss = Loss(pipeline, params.precision == "bf16")
    while step < total:
        batch = examples.batch(step)
        _backward(loss, parts, batch, params.batch_size)
        for part in parts:
            part.trim()
        torch.nn.utils.clip_grad_norm_([one for part in parts for one in part.parameters], params.clip)
        optimizer.step()
        rates.step()
        optimizer.zero_grad()
        step += 1
        if step % params.save_every == 0 and step < total:
            _keep(state, step, parts, optimizer, rates)
        progress(step, total)


_NAMES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}
"""Names of the schedules in diffusers, each with a warm-up."""


class Examples:
    """Training images with their captions, in an order, with crops and noises, that follow from a seed.

    size: side of the crops in pixels.
    """

    def __init__(self, tuning: Tuning, indices: Sequence[int], params: TuningParams, size: int) -> None:
        self.tuning, self.indices, self.params, self.size = tuning, indices, params, size
        self.seed = seed_from("tuning", tuning.seed, *(tuning.data.sample_id(index) for index in indices))

    def batch(self, step: int) -> Batch:
        """Returns the batch of a step; the last one of an epoch may be smaller."""
        import numpy as np

        per_epoch = -(-len(self.indices) // self.params.batch_size)
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng(seed_from(self.seed, "order", epoch)).permutation(len(self.indices))
        chosen = order[place * self.params.batch_size : (place + 1) * self.params.batch_size]
        indices = [self.indices[one] for one in chosen]
        rng = np.random.default_rng(seed_from(self.seed, "crop", step))
        pixels = np.stack([self._crop(self.tuning.data.image(index), rng) for index in indices])
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        captions = [str(self.tuning.captions[index]) for index in indices]
        return Batch(images, captions, indices, seed_from(self.seed, step))

    def _crop(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(size, size, 3) uint8: the shorter side made to fit, then cropped, and mirrored if it is to be."""
        import cv2
        import numpy as np

        height, width = image.shape[:2]
        scale = self.size / min(height, width)
        shape = max(self.size, round(width * scale)), max(self.size, round(height * scale))
        image = cv2.resize(image, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        spare = np.array(image.shape[:2]) - self.size
        top, left = rng.integers(0, spare + 1) if self.params.crop == "random" else spare // 2
        image = image[top : top + self.size, left : left + self.size]
        return image[:, ::-1].copy() if self.params.flip and rng.random() < 0.5 else image


class Batch:
    """A batch of a training. images: (B, 3, H, W) in [-1, 1]. indices: of the samples. seed: of the noise."""

    def __init__(self, images: Tensor, captions: Sequence[str], indices: Sequence[int], seed: int) -> None:
        self.images, self.captions, self.indices, self.seed = images, captions, indices, seed

    def __len__(self) -> int:
        return len(self.captions)


class Loss:
    """The noise-prediction loss of a pipeline. autocast: whether it is computed in BF16, on a GPU."""

    def __init__(self, pipeline: Any, autocast: bool) -> None:
        from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

        self.pipeline, self.device = pipeline, pipeline.unet.device
        self.scheduler: Any = DDPMScheduler.from_config(pipeline.scheduler.config)
        self.autocast = autocast and self.device.type == "cuda"

    def of(self, batch: Batch, places: Sequence[int]) -> Tensor:
        """Returns the mean loss of some samples of a batch. Their noise does not depend on which others there are."""
        noises = [torch.Generator().manual_seed(seed_from(batch.seed, place)) for place in places]
        with torch.no_grad():
            images = batch.images[list(places)].to(self.device)
            encoded = self.pipeline.vae.encode(images).latent_dist
            drawn = torch.stack([torch.randn(encoded.mean.shape[1:], generator=one) for one in noises]).to(self.device)
            latents = (encoded.mean + encoded.std * drawn) * self.pipeline.vae.config.scaling_factor
        noise = torch.stack([torch.randn(latents.shape[1:], generator=one) for one in noises]).to(self.device)
        most = int(self.scheduler.config.num_train_timesteps)
        times = torch.cat([torch.randint(most, (1,), generator=one) for one in noises]).to(self.device)
        with torch.autocast("cuda", torch.bfloat16) if self.autocast else nullcontext():
            embeddings = self._embed([batch.captions[place] for place in places])
            noisy = self.scheduler.add_noise(latents, noise, times)
            predicted = self.pipeline.unet(noisy, times, embeddings, return_dict=False)[0]
        return functional.mse_loss(predicted.float(), self._target(latents, noise, times).float())

    def _embed(self, captions: list[str]) -> Tensor:
        return self.pipeline.encode_prompt(captions, self.device, 1, False)[0]

    def _target(self, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        kind = self.scheduler.config.prediction_type
        if kind == "v_prediction":
            return self.scheduler.get_velocity(latents, noise, times)
        return latents if kind == "sample" else noise


def _backward(loss: Loss, parts: Sequence[Trainable], batch: Batch, most: int) -> None:
    """Adds the gradient of the batch's mean loss, in parts of at most `most` samples, halved where memory is short."""
    while True:
        try:
            for places in _groups(parts, batch, most):
                for part in parts:
                    part.activate(batch.indices[places[0]])
                (loss.of(batch, places) * (len(places) / len(batch))).backward()
            return
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            if most == 1:
                raise UserError(
                    "tuning: one image does not fit into memory: use a smaller image size, or a GPU with more memory"
                ) from error
        for part in parts:
            for one in part.parameters:
                one.grad = None
        torch.cuda.empty_cache()
        most = most // 2


def _groups(parts: Sequence[Trainable], batch: Batch, most: int) -> list[list[int]]:
    """The places of a batch whose samples train the same weights, in groups of at most `most`."""
    by_adapter: dict[tuple[str, ...], list[int]] = {}
    for place, index in enumerate(batch.indices):
        by_adapter.setdefault(tuple(part.adapter_of(index) for part in parts), []).append(place)
    return [places[start : start + most] for places in by_adapter.values() for start in range(0, len(places), most)]


def _keep(state: Path, step: int, parts: Sequence[Trainable], optimizer: Any, rates: Any) -> None:
    weights = [one.detach() for part in parts for one in part.parameters]
    value = {"step": step, "weights": weights, "optimizer": optimizer.state_dict(), "rates": rates.state_dict()}
    make_folder(state.parent)
    with write_errors(state), atomic_path(state) as temporary:
        write_tensors(value, temporary)


def _resume(state: Path, parts: Sequence[Trainable], optimizer: Any, rates: Any) -> int:
    """Returns the number of steps that were made before, as `_keep` wrote them down."""
    if not state.is_file():
        return 0
    value = read_tensors(state)
    with torch.no_grad():
        for one, kept in zip((one for part in parts for one in part.parameters), value["weights"], strict=True):
            one.copy_(kept)
    optimizer.load_state_dict(value["optimizer"])
    rates.load_state_dict(value["rates"])
    return int(value["step"])
