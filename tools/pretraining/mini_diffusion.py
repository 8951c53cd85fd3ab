"""Trains the small text-to-image generator of the drawn world.

    python -m provbench.tools.pretraining.mini_diffusion OUT [--steps 6000] [--images 20000] [--seed 0]

A U-Net on the pixels and a text encoder learn together to tell an image from its noisy form and a caption of parts,
names, backgrounds and poses. A linear reader of the text encoder's last state, which is not kept, learns beside them to
tell what the caption says: without it the words of the pose never reach the U-Net. None of the few-shot species is
among the pictures. Training goes on where it was interrupted, from OUT/state.safetensors; the weights are a running
mean. 40 to 80 minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from provbench.registry.base import atomic_path, read_tensors, write_tensors
from provbench.registry.generation.mini import (
    FACTOR,
    HIDDEN,
    SCALE,
    new_scheduler,
    new_text_encoder,
    new_tokenizer,
    new_unet,
)

from .mini_captions import ASPECTS, Picture, caption, drawn

BATCH, RATE, WARM_UP, COOL_DOWN = 32, 1.5e-3, 100, 0.3
"""Steps of the warm-up; share of the steps in which the learning rate falls to zero at the end."""
BIRD = 3.0
"""Weight of the bird's pixels in the loss, relative to the background's."""
MOST = 6.0
"""Greatest weight of a time: 1 / variance of the noise, which makes the image's error that of the velocity."""
READING = 0.1
"""Weight of the reader's loss."""
HELD = 512
"""Pictures that are held out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=250)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    training = Training(options.out, Pictures.of(options.images, options.seed), options.steps, options.seed)
    training.run(options.save_every)
    training.export()
    held = Pictures.of(HELD, options.seed + 1)
    print(f"held-out loss {training.held_out(held):.4f}")


@dataclass(frozen=True)
class Pictures:
    """Images (N, 3, H, W) uint8, masks (N, H, W) bool, and what they show."""

    images: Tensor
    masks: Tensor
    shown: list[Picture]

    @classmethod
    def of(cls, count: int, seed: int) -> Pictures:
        images, masks, shown = drawn(count, seed)
        return cls(torch.from_numpy(images), torch.from_numpy(masks), shown)

    def batch(self, places: Tensor, flipped: Tensor) -> tuple[Tensor, Tensor]:
        """Returns latents (B, 12, H/2, W/2) and the weights of the loss in the same shape, of mean about 1."""
        images, masks = self.images[places].float() / 127.5 - 1, self.masks[places, None].float()
        images = torch.where(flipped[:, None, None, None], images.flip(3), images)
        masks = torch.where(flipped[:, None, None, None], masks.flip(3), masks)
        weights = (1 + (BIRD - 1) * masks).expand_as(images)
        return SCALE * nn.functional.pixel_unshuffle(images, FACTOR), nn.functional.pixel_unshuffle(weights, FACTOR)


class Reader(nn.Module):
    """Tells from the text encoder's state at the end of a caption what the caption says of each of the `ASPECTS`."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({aspect: nn.Linear(HIDDEN, len(values)) for aspect, values in ASPECTS.items()})

    def forward(self, ends: Tensor, told: list[dict[str, str]]) -> Tensor:
        """Returns the mean cross-entropy of what is told. ends: (B, features), of captions that tell `told`."""
        losses = []
        for aspect, values in ASPECTS.items():
            rows = [row for row, one in enumerate(told) if aspect in one]
            labels = torch.tensor([values.index(told[row][aspect]) for row in rows], dtype=torch.long)
            losses.append(nn.functional.cross_entropy(self.heads[aspect](ends[rows]), labels, reduction="sum"))
        return torch.stack(losses).sum() / max(sum(map(len, told)), 1)


class Training:
    """The model, its optimizer and running mean, and where it is."""

    def __init__(self, folder: Path, pictures: Pictures, steps: int, seed: int) -> None:
        self.folder, self.pictures, self.steps, self.seed = folder, pictures, steps, seed
        rng = np.random.default_rng(seed)
        self.tokenizer = new_tokenizer(caption(rng, one) for one in pictures.shown[:5000] if one.name is None)
        self.scheduler = new_scheduler()
        self.model = nn.ModuleDict(
            {"unet": new_unet(), "text": new_text_encoder(len(self.tokenizer)), "reader": Reader()}
        )
        self.mean = EMAModel(self.model.parameters(), decay=0.999, use_ema_warmup=True, power=0.75)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), RATE, betas=(0.9, 0.99), weight_decay=1e-2)
        self.step = 0
        self._resume()

    def run(self, save_every: int) -> None:
        began, start, losses = time.monotonic(), self.step, []
        self.model.train()
        while self.step < self.steps:
            losses.append(self._advance())
            self.step += 1
            if self.step % save_every == 0 or self.step == self.steps:
                self._save()
            if self.step % 50 == 0:
                left = (time.monotonic() - began) / (self.step - start) * (self.steps - self.step)
                print(f"step {self.step}/{self.steps}: loss {np.mean(losses[-50:]):.4f}, {left:.0f} s left", flush=True)

    def _advance(self) -> float:
        """Takes one step; everything random in it follows from the seed and the step's number."""
        rng = np.random.default_rng([self.seed, 1, self.step])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        places = torch.from_numpy(rng.integers(len(self.pictures.shown), size=BATCH))
        texts = [caption(rng, self.pictures.shown[place]) for place in places.tolist()]
        loss = self._loss(self.pictures, places, texts, torch.from_numpy(rng.random(BATCH) < 0.5), generator)
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * self._share_of_rate()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.mean.step(self.model.parameters())
        return loss.item()

    def _share_of_rate(self) -> float:
        left = (self.steps - self.step) / (COOL_DOWN * self.steps)
        return min(1.0, (self.step + 1) / WARM_UP, left)

    def _loss(
        self, pictures: Pictures, places: Tensor, texts: list[str], flipped: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Returns the weighted mean square of the error, at times that are spread evenly over the batch.

        Of the image: but for the latest times its weight is that of the velocity's error.
        """
        latents, weights = pictures.batch(places, flipped)
        noise = torch.randn(latents.shape, generator=generator)
        spread = (torch.arange(len(places)) + torch.rand((), generator=generator)) / len(places)
        times = (spread * 1000).long().clamp(max=999)
        alphas = self.scheduler.alphas_cumprod[times].sqrt()[:, None, None, None]
        sigmas = (1 - alphas**2).sqrt()
        tokens = self.tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
        encoded = self.model["text"](tokens)
        states = encoded.last_hidden_state
        guess = self.model["unet"](alphas * latents + sigmas * noise, times, states).sample
        errors = (guess - latents).square() * sigmas.pow(-2).clamp(max=MOST)
        told = [pictures.shown[place].told(text) for place, text in zip(places.tolist(), texts, strict=True)]
        reading = self.model["reader"](encoded.pooler_output, told)
        return (weights * errors).mean() / weights.mean() + READING * reading

    @torch.no_grad()
    def held_out(self, held: Pictures) -> float:
        """Returns the mean loss of the running mean's weights on other pictures, with their full captions."""
        rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
        self.mean.store(self.model.parameters())
        self.mean.copy_to(self.model.parameters())
        losses = []
        for places in torch.arange(len(held.shown)).split(BATCH):
            texts = [caption(rng, held.shown[place]) for place in places.tolist()]
            flipped = torch.zeros(len(places), dtype=torch.bool)
            losses.append(self._loss(held, places, texts, flipped, generator).item())
        self.mean.restore(self.model.parameters())
        return float(np.mean(losses))

    def export(self) -> None:
        """Writes the running mean's weights, in half precision, and the tokenizer, as diffusers lays them out."""
        self.mean.store(self.model.parameters())
        self.mean.copy_to(self.model.parameters())
        unet: Any = self.model["unet"].half()
        text: Any = self.model["text"].half()
        unet.save_pretrained(self.folder / "unet")
        text.save_pretrained(self.folder / "text_encoder")
        self.model.float()
        self.mean.restore(self.model.parameters())
        self.tokenizer.save_pretrained(self.folder / "tokenizer")
        self.scheduler.save_pretrained(self.folder / "scheduler")

    @property
    def _state(self) -> Path:
        return self.folder / "state.safetensors"

    def _save(self) -> None:
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean.state_dict(),
        }
        with atomic_path(self._state) as temporary:
            write_tensors(state, temporary)

    def _resume(self) -> None:
        if not self._state.is_file():
            return
        state = read_tensors(self._state)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean.load_state_dict(state["mean"])


if __name__ == "__main__":
    main()
