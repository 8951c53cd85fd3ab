"""Measures the cost of gradient guidance and the accuracy of its estimators, against the plain step of the same
network.

    python -m provbench.tools.bench.guidance [--model resnet50] [--batch 8] [--size 96] [--steps 5] [--json]

For each variant: the time of a training step and its peak memory (GPU only) as ratios to the plain step of the same
run, median and interquartile range; host synchronisations a step (GPU only); and, for estimators, the cosine of their
penalty's parameter gradient with the exact one's, averaged over draws. Steps of the variants are interleaved, so that
whatever else the machine does falls on all of them. Only torch and provbench's registry and models are imported.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from provbench.registry import (
    AUGMENTATIONS,
    REGULARIZERS,
    Batch,
    Regularizer,
    Step,
    build_network,
    classification_loss,
    double_differentiable,
)

WARM_UP = 3
DRAWS = 8
"""Draws of an estimator that its fidelity is averaged over."""

GUIDANCE: dict[str, dict[str, Any]] = {
    "exact": {},
    "random-source": {"estimator": "random-source"},
    "rademacher": {"estimator": "rademacher"},
    "perturbation, 50% blocks": {"estimator": "perturbation", "blocks": "50%"},
    "exact, half of the samples": {"share": 0.5},
    "exact, every 4th step": {"every": 4},
    "random-source, every 4th step": {"estimator": "random-source", "every": 4},
    "random-source, every 8th step": {"estimator": "random-source", "every": 8},
}
OTHERS = {"double-backprop": "double-backprop", "jacobian": "jacobian"}


@dataclass
class Measured:
    """One variant: a step's milliseconds, its ratios to the plain step, and how faithful its gradient is."""

    name: str
    milliseconds: list[float] = field(default_factory=list)
    memory_mb: float | None = None
    synchronisations: int | None = None
    cosine: float | None = None
    ratio: float = 0.0
    spread: tuple[float, float] = (0.0, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny-cam", help="any registered model of images, or tiny-skp, skp")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=64, help="side of the images in pixels")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = measure(options, device)
    where = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {options.threads} thread(s)"
    title = f"{options.model}, batch {options.batch}, {options.size} px, {options.precision}, {where}"
    print(
        json.dumps({"title": title, "variants": [asdict(one) for one in found]})
        if options.json
        else table(title, found)
    )


def measure(options: argparse.Namespace, device: torch.device) -> list[Measured]:
    """Returns the plain step first, then CutMix alone, then CutMix with each estimator, then the other penalties."""
    torch.manual_seed(0)
    net, batch = build(options, device)
    mixed = AUGMENTATIONS.build("cutmix", prob=1.0)(batch, torch.Generator().manual_seed(0), net)
    guided = {name: REGULARIZERS.build("gradient-guidance", **values) for name, values in GUIDANCE.items()}
    others = {name: REGULARIZERS.build(plugin) for name, plugin in OTHERS.items()}
    steps = {
        "plain": stepper(net, batch, None, options.precision),
        "CutMix": stepper(net, mixed, None, options.precision),
        **{name: stepper(net, mixed, one, options.precision) for name, one in guided.items()},
        **{name: stepper(net, batch, one, options.precision) for name, one in others.items()},
    }
    found = {name: Measured(name) for name in steps}
    time_steps(steps, found, options.steps, device)
    if device.type == "cuda":
        for name, step in steps.items():
            found[name].memory_mb, found[name].synchronisations = peak_memory(step), synchronisations(step)
    for name, regularizer in guided.items():
        if regularizer.params.every == 1:
            found[name].cosine = fidelity(net, mixed, name, regularizer)
    plain = statistics.median(found["plain"].milliseconds)
    for one in found.values():
        # a lazy step costs what the mean over its period costs
        costs = [statistics.mean(group) / plain for group in grouped(one.milliseconds, period(one.name))]
        quartiles = statistics.quantiles(costs, n=4) if len(costs) > 1 else [costs[0]] * 3
        one.ratio, one.spread = quartiles[1], (quartiles[0], quartiles[2])
    return list(found.values())


def build(options: argparse.Namespace, device: torch.device) -> tuple[nn.Module, Batch]:
    """Returns the network with random weights, and a batch of noise with ten labels."""
    net = build_network(options.model, 10, image_size=options.size)
    inputs = torch.randn(options.batch, 3, options.size, options.size)
    if options.channels_last:
        net, inputs = net.to(memory_format=torch.channels_last), inputs.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    labels = torch.arange(options.batch) % 10
    return net.to(device), Batch.untouched(inputs.to(device), labels.to(device))


def stepper(net: nn.Module, batch: Batch, regularizer: Regularizer | None, precision: str) -> Callable[[int], None]:
    """Returns a training step as the training loop takes it; its argument is the number of the step."""
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4)
    device = batch.inputs.device.type

    def step(number: int) -> None:
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            due = regularizer if regularizer is not None and regularizer.due(number) else None
            loss = total_loss(net, batch, due, number)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def total_loss(net: nn.Module, batch: Batch, regularizer: Regularizer | None, number: int) -> Tensor:
    if regularizer is None:
        return classification_loss(net(batch.inputs).float(), batch.sources)
    if not regularizer.second_order:
        logits = net(batch.inputs)
        return classification_loss(logits.float(), batch.sources) + term(regularizer, net, logits, batch, number)
    batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
    with double_differentiable(autocast=True):
        logits = net(batch.inputs)
        return classification_loss(logits.float(), batch.sources) + term(regularizer, net, logits, batch, number)


def term(regularizer: Regularizer, net: nn.Module, logits: Tensor, batch: Batch, number: int) -> Tensor:
    return regularizer.term(Step(logits, batch, torch.Generator().manual_seed(number), number, net))


def time_steps(
    steps: dict[str, Callable[[int], None]], found: dict[str, Measured], rounds: int, device: torch.device
) -> None:
    """Takes each variant's step `rounds` times (for lazy ones, whole periods), interleaved, after a warm-up."""
    for number in range(-WARM_UP, rounds):
        for name, step in steps.items():
            for phase in range(period(name)):
                spent = timed(lambda step=step, phase=phase: step(phase), device)
                if number >= 0:
                    found[name].milliseconds.append(spent)


def timed(work: Callable[[], None], device: torch.device) -> float:
    """Returns milliseconds: of the GPU's own clock where there is one."""
    if device.type != "cuda":
        began = time.perf_counter()
        work()
        return 1000 * (time.perf_counter() - began)
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    first.record()
    work()
    last.record()
    last.synchronize()
    return first.elapsed_time(last)


def period(name: str) -> int:
    return GUIDANCE.get(name, {}).get("every", 1)


def grouped(values: list[float], size: int) -> list[list[float]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def peak_memory(step: Callable[[int], None]) -> float:
    torch.cuda.reset_peak_memory_stats()
    step(0)
    return torch.cuda.max_memory_allocated() / 2**20


def synchronisations(step: Callable[[int], None]) -> int:
    """Returns how often a step makes the host wait for the GPU, as torch warns of it."""
    import warnings

    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            step(0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(one.message) for one in caught)


def fidelity(net: nn.Module, batch: Batch, name: str, regularizer: Regularizer) -> float:
    """Returns the cosine of a variant's mean parameter gradient with that of the exact penalty of the same blocks."""
    blocks = {key: value for key, value in GUIDANCE[name].items() if key == "blocks"}
    exact = mean_gradient(net, batch, REGULARIZERS.build("gradient-guidance", **blocks), 1)
    return float(torch.nn.functional.cosine_similarity(mean_gradient(net, batch, regularizer, DRAWS), exact, dim=0))


def mean_gradient(net: nn.Module, batch: Batch, regularizer: Regularizer, draws: int) -> Tensor:
    """Returns the penalty's parameter gradient as one vector, averaged over draws."""
    parameters = [one for one in net.parameters() if one.requires_grad]
    total = torch.zeros(sum(one.numel() for one in parameters), device=batch.inputs.device)
    with steady(net):
        for draw in range(draws):
            inputs = batch.inputs.detach().requires_grad_()
            with double_differentiable():
                value = term(regularizer, net, net(inputs), batch.with_inputs(inputs), draw * regularizer.params.every)
            gradients = torch.autograd.grad(value, parameters, allow_unused=True)
            pairs = zip(gradients, parameters, strict=True)
            total += torch.cat([(torch.zeros_like(own) if one is None else one).ravel() for one, own in pairs])
    return total / draws


@contextmanager
def steady(net: nn.Module) -> Iterator[None]:
    """Dropout is off, so that only the estimators are random."""
    dropouts = [one for one in net.modules() if isinstance(one, nn.Dropout) and one.training]
    for one in dropouts:
        one.eval()
    yield
    for one in dropouts:
        one.train()


def table(title: str, found: list[Measured]) -> str:
    head = f"{'variant':32s} {'ms':>8s} {'x plain':>8s} {'quartiles':>12s} {'cosine':>7s} {'MB':>7s} {'syncs':>5s}"
    return "\n".join([title, head, *(row(one) for one in found)])


def row(one: Measured) -> str:
    cosine = "" if one.cosine is None else f"{one.cosine:.3f}"
    memory = "" if one.memory_mb is None else f"{one.memory_mb:.0f}"
    waits = "" if one.synchronisations is None else str(one.synchronisations)
    spread = f"{one.spread[0]:.2f}..{one.spread[1]:.2f}"
    times = f"{statistics.median(one.milliseconds):8.1f} {one.ratio:8.2f} {spread:>12s}"
    return f"{one.name:32s} {times} {cosine:>7s} {memory:>7s} {waits:>5s}"


if __name__ == "__main__":
    main()
