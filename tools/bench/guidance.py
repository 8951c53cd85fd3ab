"""Measures the cost of gradient guidance and the accuracy of its estimators, against the plain step of the same
network.

    python -m provbench.tools.bench.guidance [--model resnet50] [--batch 8] [--size 96] [--steps 5] [--json]

For each variant: the time of a training step and its peak memory (GPU only) as ratios to the plain step of the same
run, median and quartiles over rounds; host synchronisations a step (GPU only); and, for estimators, the cosine of their
penalty's parameter gradient with the exact one's, averaged over draws. A round takes each variant's step in turn, and
its ratios are to its own plain step, so that whatever else the machine does falls on all of them; on a CPU the time is
that of the process, on a GPU that of its own clock. `skp` and `tiny-skp` get clouds of points and BatchMix instead of
images and CutMix. Only torch, provbench's registry, its networks and the forward pass of its training step are
imported, so that the tool runs where nothing else is installed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from provbench.benchmarks.training import precision_for, run_step
from provbench.registry import (
    AUGMENTATIONS,
    REGULARIZERS,
    Batch,
    Regularizer,
    UserError,
    build_network,
    classification_loss,
)

WARM_UP = 3
DRAWS = 8
"""Draws of an estimator that its fidelity is averaged over."""

GUIDANCE: dict[str, dict[str, Any]] = {
    "exact": {},
    "random-source": {"estimator": "random-source"},
    "rademacher": {"estimator": "rademacher"},
    "perturbation, 50% blocks": {"estimator": "perturbation", "blocks": "50%"},
    "perturbation, every 4th step": {"estimator": "perturbation", "blocks": "50%", "every": 4},
    "exact, half of the samples": {"share": 0.5},
    "exact, every 4th step": {"every": 4},
    "random-source, every 4th step": {"estimator": "random-source", "every": 4},
    "random-source, every 8th step": {"estimator": "random-source", "every": 8},
}
DROPPING = ("Dropout", "DropPath")
"""Names of the layers, torch's and timm's, that leave out at random."""
ONE_SOURCE = "exact, one source"
"""The exact penalty of samples whose left half is the target, as of edited images."""

OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "double-backprop": ("double-backprop", {}),
    "double-backprop, shifted step": ("double-backprop", {"estimator": "shifted-step"}),
    "jacobian": ("jacobian", {}),
}
CLOUD = (5, 32, 17)
"""Channels, instances and joints of a cloud of points."""


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
    parser.add_argument("--model", default="tiny-cam", help="any registered network of images, or tiny-skp, skp")
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
    """Returns the plain step first, then CutMix alone and with each estimator, one source, and other penalties."""
    torch.manual_seed(0)
    net, batch = build(options, device)
    mixing = "batchmix" if is_cloud(options.model) else "cutmix"
    mixed = AUGMENTATIONS.build(mixing, prob=1.0)(batch, torch.Generator().manual_seed(0), net)
    guided = {name: REGULARIZERS.build("gradient-guidance", **values) for name, values in GUIDANCE.items()}
    others = {name: REGULARIZERS.build(plugin, **values) for name, (plugin, values) in OTHERS.items()}
    steps = {
        "plain": stepper(net, batch, None, options.precision),
        "mixed": stepper(net, mixed, None, options.precision),
        **{name: stepper(net, mixed, one, options.precision) for name, one in guided.items()},
        ONE_SOURCE: stepper(net, one_source(batch), guided["exact"], options.precision),
        **{name: stepper(net, batch, one, options.precision) for name, one in others.items()},
    }
    steps = {name: step for name, step in steps.items() if is_possible(step)}
    found = {name: Measured(name) for name in steps}
    time_steps(steps, found, options.steps, device)
    if device.type == "cuda":
        for name, step in steps.items():
            found[name].memory_mb, found[name].synchronisations = peak_memory(step), synchronisations(step)
    for name, regularizer in guided.items():
        if regularizer.params.every == 1:
            found[name].cosine = fidelity(net, mixed, name, regularizer)
    plain = found["plain"].milliseconds
    for one in found.values():
        # a lazy step costs what the mean over its period costs
        rounds = zip(grouped(one.milliseconds, period(one.name)), plain, strict=True)
        costs = [statistics.mean(group) / own for group, own in rounds]
        quartiles = statistics.quantiles(costs, n=4) if len(costs) > 1 else [costs[0]] * 3
        one.ratio, one.spread = quartiles[1], (quartiles[0], quartiles[2])
    return list(found.values())


def build(options: argparse.Namespace, device: torch.device) -> tuple[nn.Module, Batch]:
    """Returns the network with random weights, and a batch of noise with ten labels."""
    net = build_network(options.model, 10, image_size=options.size)
    inputs = torch.randn(options.batch, 3, options.size, options.size)
    if is_cloud(options.model):
        inputs = torch.rand(options.batch, *CLOUD)
        inputs[:, 3] = 1  # confidence: every point is there
    if options.channels_last:
        net, inputs = net.to(memory_format=torch.channels_last), inputs.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    labels = torch.arange(options.batch) % 10
    return net.to(device), Batch.untouched(inputs.to(device), labels.to(device))


def one_source(batch: Batch) -> Batch:
    """Returns an untouched batch as if everything but its left half (of clouds: half of the joints) had been edited."""
    (source,) = batch.sources
    mask = source.mask.clone()
    mask[..., mask.shape[-1] // 2 :] = 0
    return replace(batch, sources=(replace(source, mask=mask, guided=torch.ones_like(source.guided)),))


def stepper(net: nn.Module, batch: Batch, regularizer: Regularizer | None, precision: str) -> Callable[[int], None]:
    """Returns a training step as the training loop takes it; its argument is the number of the step."""
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4)
    device, autocast = batch.inputs.device.type, precision == "bf16"

    def step(number: int) -> None:
        with torch.autocast(device, torch.bfloat16, enabled=autocast):
            due = [one for one in (regularizer,) if one is not None and one.due(number)]
            # a batch of its own: what is guided is looked up once a step
            loss = sum(loss_and_terms(net, replace(batch), due, number, autocast))
        optimizer.zero_grad()
        torch.as_tensor(loss).backward()
        optimizer.step()

    return step


def is_possible(step: Callable[[int], None]) -> bool:
    """Takes the first step of a variant, and returns whether the network can be trained so."""
    try:
        step(0)
    except UserError:
        return False
    return True


def loss_and_terms(
    net: nn.Module, batch: Batch, active: Sequence[Regularizer], number: int, autocast: bool
) -> tuple[Tensor, ...]:
    """Returns the classification loss and the regularizers' terms, as the training loop has them."""
    active = [one for one in active if one.active(batch)]
    with precision_for(active, autocast):
        step, _ = run_step(net, batch, active, torch.Generator().manual_seed(number), number, autocast=autocast)
        terms = [one.term(step) for one in active]
    loss = classification_loss(step.logits.float(), batch.sources)
    return (loss.detach() if any(one.replaces_loss for one in active) else loss, *terms)


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
    """Returns milliseconds: of the GPU's own clock where there is one, else of this process."""
    if device.type != "cuda":
        began = time.process_time()
        work()
        return 1000 * (time.process_time() - began)
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    first.record()
    work()
    last.record()
    last.synchronize()
    return first.elapsed_time(last)


def is_cloud(model: str) -> bool:
    return model in ("skp", "tiny-skp")


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
    found = mean_gradient(net, batch, regularizer, DRAWS)
    return float(torch.nn.functional.cosine_similarity(found.double(), exact.double(), dim=0))


def mean_gradient(net: nn.Module, batch: Batch, regularizer: Regularizer, draws: int) -> Tensor:
    """Returns the penalty's parameter gradient as one vector, averaged over draws."""
    parameters = [one for one in net.parameters() if one.requires_grad]
    total = torch.zeros(sum(one.numel() for one in parameters), device=batch.inputs.device)
    with steady(net):
        for draw in range(draws):
            _, value = loss_and_terms(net, replace(batch), [regularizer], draw * regularizer.params.every, False)
            gradients = torch.autograd.grad(value, parameters, allow_unused=True)
            pairs = zip(gradients, parameters, strict=True)
            total += torch.cat([(torch.zeros_like(own) if one is None else one).ravel() for one, own in pairs])
    return total / draws


@contextmanager
def steady(net: nn.Module) -> Iterator[None]:
    """Dropout and stochastic depth are off, so that only the estimators are random."""
    dropouts = [one for one in net.modules() if type(one).__name__ in DROPPING and one.training]
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
