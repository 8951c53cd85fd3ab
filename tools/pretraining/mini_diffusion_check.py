"""Measures whether the small generator draws what its prompts say, where it looks, and how fast it is.

    python -m provbench.tools.pretraining.mini_diffusion_check [FOLDER] [--images 300] [--steps 15] [--sheet SHEET.png]

A linear probe on the features of the mini sets' trunk is trained on drawn pictures; its accuracy on others that are
drawn is the ceiling of its agreement with the prompts of generated ones. Attention to the bird's words is measured on
drawn pictures with noise, whose true masks are known. A few minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from PIL import Image
from torch import Tensor, nn

from provbench.benchmarks.common import BACKGROUNDS, POSES, PRETRAINING, tiny_trunk
from provbench.registry.generation import AttentionParams, Collector, collecting, mask_of, overlap, places_of
from provbench.registry.generation.mini import SCALE, WEIGHTS, load_pipeline

from .mini_captions import ASPECTS, Picture, described, drawn, sentence
from .mini_trunk import normalised

PROBED, HELD, ATTENDED = 4_000, 1_000, 200
"""Drawn pictures that the probe is trained on, that test it, and on which attention is measured."""
LAYERS = ("up_blocks.1.attentions.1", "up_blocks.2.attentions.0")
"""Layers whose attention counts, the two that see the bird best, of 8 and 16 positions a side."""
TIMES = (100, 300, 500, 700)
"""Times, of 1,000, at which attention is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pipeline = load_pipeline(options.folder)
    shown = wanted(options.images)
    began = time.process_time()
    generated = generate(pipeline, [full_caption(one) for one in shown], options.steps, options.guidance)
    print(f"{len(shown) / (time.process_time() - began):.1f} images a second of one core, {options.steps} steps")
    if options.sheet:
        write_sheet(options.sheet, generated[:60])
    report_agreement(generated, shown)
    for moment in TIMES:
        print(f"attention at time {moment:3d}: IoU with the true mask {attention(pipeline, moment):.2f}")


def wanted(count: int) -> list[Picture]:
    """Returns what pictures are to show: all poses and backgrounds equally often, combinations of parts at random."""
    rng = np.random.default_rng(0)
    parts = [PRETRAINING[place] for place in rng.integers(len(PRETRAINING), size=count)]
    rows, columns = len(POSES), len(BACKGROUNDS)
    return [
        Picture(one, None, BACKGROUNDS[place % columns], POSES[place // columns % rows])
        for place, one in enumerate(parts)
    ]


def full_caption(shown: Picture) -> str:
    return sentence(described(list(shown.parts.phrases())), shown.background, shown.pose)


def generate(pipeline: Any, prompts: list[str], steps: int, guidance: float) -> np.ndarray:
    """Returns images (N, H, W, 3) uint8."""
    images = []
    for start in range(0, len(prompts), 25):
        part = prompts[start : start + 25]
        noises = [torch.Generator().manual_seed(start + place) for place in range(len(part))]
        made = pipeline(
            part, num_inference_steps=steps, guidance_scale=guidance, generator=noises, output_type="np"
        ).images
        images.append(np.rint(made * 255).astype(np.uint8))
    return np.concatenate(images)


def write_sheet(file: Path, images: np.ndarray) -> None:
    columns = len(BACKGROUNDS)
    rows = [np.concatenate(list(images[at : at + columns]), axis=1) for at in range(0, len(images), columns)]
    sheet = np.concatenate([row for row in rows if row.shape == rows[0].shape])
    Image.fromarray(cv2.resize(sheet, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)).save(file)


def report_agreement(generated: np.ndarray, shown: list[Picture]) -> None:
    images, _, known = drawn(PROBED + HELD, 12)
    mine = features(images)
    theirs = features(generated.transpose(0, 3, 1, 2))
    for aspect in ASPECTS:
        values = sorted({one.value(aspect) for one in known})
        labels = torch.tensor([values.index(one.value(aspect)) for one in known])
        probe = fitted(mine[:PROBED], labels[:PROBED], len(values))
        asked = torch.tensor([values.index(one.value(aspect)) for one in shown])
        ceiling, agreed = accuracy(probe, mine[PROBED:], labels[PROBED:]), accuracy(probe, theirs, asked)
        print(f"{aspect:11s} drawn {ceiling:5.1f} %, generated {agreed:5.1f} %, chance {100 / len(values):4.1f} %")


@torch.no_grad()
def features(images: np.ndarray) -> Tensor:
    """Returns (N, 1088): the trunk's maps of (N, 3, H, W) uint8 at twice their size, on a grid and at their maxima."""
    trunk, _ = tiny_trunk(16, "MINI_WORLD")
    found = []
    for part in torch.from_numpy(images).split(250):
        maps = trunk(nn.functional.interpolate(normalised(part), scale_factor=2, mode="bilinear"))
        found.append(torch.cat([nn.functional.adaptive_avg_pool2d(maps, 4).flatten(1), maps.amax(dim=(2, 3))], dim=1))
    return torch.cat(found)


def fitted(inputs: Tensor, labels: Tensor, classes: int) -> nn.Module:
    """Returns a standardised linear classifier, by L-BFGS."""
    probe = nn.Sequential(
        nn.BatchNorm1d(inputs.shape[1], affine=False, momentum=None), nn.Linear(inputs.shape[1], classes)
    )
    probe(inputs)
    probe.eval()
    optimizer = torch.optim.LBFGS(probe.parameters(), max_iter=60)

    def closure() -> float:
        optimizer.zero_grad()
        penalty = 1e-3 * sum(one.square().sum() for one in probe.parameters())
        loss = nn.functional.cross_entropy(probe(inputs), labels) + penalty
        loss.backward()
        return float(loss)

    optimizer.step(closure)
    return probe


@torch.no_grad()
def accuracy(probe: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    return 100 * float((probe(inputs).argmax(dim=1) == labels).float().mean())


@torch.no_grad()
def attention(pipeline: Any, moment: int) -> float:
    """Returns the mean overlap of attention's mask with the true one, on drawn pictures with noise of a time."""
    images, masks, shown = drawn(ATTENDED, 13)
    latents = SCALE * pipeline.vae.encode(torch.from_numpy(images).float() / 127.5 - 1).latent_dist.mean
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))
    times = torch.full((len(images),), moment)
    adding: Any = DDPMScheduler.from_config(pipeline.scheduler.config)
    noisy = adding.add_noise(latents, noise, times)
    words = [described(list(one.parts.phrases())) for one in shown]
    prompts = [sentence(word, one.background, one.pose) for word, one in zip(words, shown, strict=True)]
    places = [places_of(pipeline, prompt, word) for prompt, word in zip(prompts, words, strict=True)]
    collector = Collector(AttentionParams.model_validate({"layers": LAYERS}), places, (0, 1), 1)
    with collecting(pipeline.unet, collector):
        pipeline.unet(noisy, times, pipeline.encode_prompt(prompts, "cpu", 1, False)[0])
    found = [mask_of(relevance) for relevance in collector.maps(masks.shape[-1])]
    return float(np.mean([overlap(one, other) for one, other in zip(found, masks, strict=True)]))


if __name__ == "__main__":
    main()
