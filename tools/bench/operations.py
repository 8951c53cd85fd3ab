"""Shows where the time of a step with gradient guidance goes, by kind of operation, beside the plain step.

    python -m provbench.tools.bench.operations [--model resnet50-cam] [--batch 4] [--size 96] [--steps 2] [--threads 1]

The guided step has the exact penalty of two mixed sources (CutMix, every image mixed), which is 3.0 plain steps by
count of multiplications. Times are torch's profiler's, of the CPU, without what an operation calls; a row each for
convolutions and matrix products, and for the costliest others.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

from provbench.registry import AUGMENTATIONS, REGULARIZERS

from .guidance import build, stepper

PRODUCTS = ("conv", "mm", "attention")
"""Parts of the names of operations that multiply matrices; their number is what is counted by hand."""
ROWS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet50-cam", help="any registered network of images")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=96, help="side of the images in pixels")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(channels_last=False)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    net, batch = build(options, torch.device("cpu"))
    mixed = AUGMENTATIONS.build("cutmix", prob=1.0)(batch, torch.Generator().manual_seed(0), net)
    plain = times(stepper(net, batch, None, "fp32"), options.steps)
    guided = times(stepper(net, mixed, REGULARIZERS.build("gradient-guidance"), "fp32"), options.steps)
    print(f"{options.model}, batch {options.batch}, {options.size} px, CPU, {options.threads} thread(s)")
    print("\n".join(table(plain, guided)))


def times(step: Callable[[int], None], steps: int) -> Counter[str]:
    """Returns milliseconds of a step by operation, without what each calls, after a warm-up of two steps."""
    for _ in range(2):
        step(0)
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as profiler:
        for _ in range(steps):
            step(0)
    found: Counter[str] = Counter()
    for event in profiler.key_averages():
        name = event.key.removeprefix("aten::")
        kind = "products" if any(part in name for part in PRODUCTS) else name
        found[kind] += event.self_cpu_time_total / 1000 / steps
    return found


def table(plain: Counter[str], guided: Counter[str]) -> list[str]:
    """Returns a line for each kind of operation: milliseconds in both steps, and their difference in plain steps."""
    whole, all_guided = sum(plain.values()), sum(guided.values())
    names = ["products", *(name for name, _ in guided.most_common() if name != "products")]
    shown, rest = names[:ROWS], names[ROWS:]
    return [
        f"{'':32s} {'plain ms':>9s} {'guided ms':>9s} {'more, in plain steps':>21s}",
        *(_line(name, plain[name], guided[name], whole) for name in shown),
        _line("others", sum(plain[name] for name in rest), sum(guided[name] for name in rest), whole),
        f"{_line('all', whole, all_guided, whole)}   {all_guided / whole:.2f} plain steps",
    ]


def _line(name: str, plain: float, guided: float, whole: float) -> str:
    return f"{name:32s} {plain:9.1f} {guided:9.1f} {(guided - plain) / whole:21.2f}"


if __name__ == "__main__":
    main()
