"""The images that are to be generated, each with its prompt, source, adapter and seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ..base import UserError
from ..contracts import ClassNamed, TrainingSet
from .digests import seed as seed_from
from .parameters import GeneratedParams
from .seams import Bank, Caption, ImageSampler, Order, PromptPolicy, Tuner
from .template import aspects_of, filled

Work = list[Order]
"""Orders that are drawn together."""


def class_words(params: GeneratedParams, tuner: Tuner, data: TrainingSet) -> list[str]:
    """Returns what stands for each class in prompts. Raises `UserError` where the data set names no classes."""
    if not isinstance(data, ClassNamed):
        raise UserError(f"{data.folder}: the data set does not name its classes, which prompts need")
    names = list(data.class_names())
    if len(names) != data.num_classes or not all(map(str.strip, names)):
        raise UserError(f"{data.folder}: {data.num_classes} names of classes wanted, none of them empty (got {names})")
    spelt = [name.replace("_", " ") if params.class_words == "spaces" else name for name in names]
    return [tuner.word(label, name) for label, name in enumerate(spelt)]


def tuning_captions(params: GeneratedParams, words: Sequence[str], bank: Bank) -> list[str]:
    """Returns the caption of each training image, in full, as the model is tuned with it."""
    template = params.tuning_template or params.template
    captions = bank.captions or [{}] * len(bank.labels)
    return [filled(template, words[label], caption) for label, caption in zip(bank.labels, captions, strict=True)]


def bank_of(params: GeneratedParams, data: TrainingSet, captions: Sequence[Caption]) -> Bank:
    """Returns the captions with their labels. Raises `UserError` where an aspect of a template is missing or empty."""
    aspects = aspects_of(params.template)
    for index, caption in enumerate(captions):
        for aspect in params.tuning_aspects:
            if not caption.get(aspect, "").strip():
                raise UserError(f"{data.sample_id(index)}: its caption has no {aspect}, which the template names")
    return Bank(tuple(captions), [data.label(index) for index in range(len(data))], aspects)


def counts(params: GeneratedParams, data: TrainingSet) -> list[int]:
    """Returns the number of images of each class. Raises `UserError` where `per_class` has numbers of others."""
    if params.per_image is not None:
        sizes = defaultdict(int)
        for index in range(len(data)):
            sizes[data.label(index)] += params.per_image
        return [sizes[label] for label in range(data.num_classes)]
    given = params.per_class
    if isinstance(given, tuple):
        if len(given) != data.num_classes:
            raise UserError(f"per_class: one number for each of the {data.num_classes} classes (got {len(given)})")
        return list(given)
    return [given or 0] * data.num_classes


def make_orders(
    params: GeneratedParams,
    data: TrainingSet,
    bank: Bank,
    words: Sequence[str],
    policy: PromptPolicy,
    sampler: ImageSampler,
    tuner: Tuner,
) -> list[Order]:
    """Returns an order for each image, class by class."""
    policy.bind(data)
    orders: list[Order] = []
    for label, count in enumerate(counts(params, data)):
        sources = _sources(params.seed, bank.labels, label, sampler.sources, count)
        for copy in range(count):
            wording = policy.word(bank, label, copy, sources[copy], params.seed)
            seed = seed_from("noise", params.seed, *(() if params.same_noise else (label,)), copy)
            orders.append(
                Order(
                    number=len(orders),
                    label=label,
                    copy=copy,
                    prompt=filled(wording.template or params.template, words[label], wording.texts),
                    word=words[label],
                    contexts=dict(wording.origins),
                    source=sources[copy],
                    strength=sampler.strength(seed),
                    adapter=tuner.adapter(data, label, copy, params.seed),
                    seed=seed,
                )
            )
    return orders


def again(order: Order, attempt: int) -> Order:
    """Returns an order with other noise, for an image that a filter did not keep; attempt 0 is the order itself."""
    return order if attempt == 0 else replace(order, seed=seed_from("again", order.seed, attempt))


def batches(orders: Sequence[Order], size: int) -> list[Work]:
    """Returns orders of one class, adapter and strength in batches of up to `size`.

    They depend on nothing else, so that an image is the same whoever draws it, and whatever was drawn before.
    """
    groups: dict[object, Work] = {}
    for order in orders:
        groups.setdefault((order.label, order.adapter, order.strength), []).append(order)
    return [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]


def _sources(seed: int, labels: Sequence[int], label: int, whose: str, count: int) -> list[int | None]:
    """Returns the samples that a class's images are made of: all in random order, then again in another."""
    import numpy as np

    if whose == "none":
        return [None] * count
    pool = [index for index, other in enumerate(labels) if (other == label) == (whose == "same-class")]
    if not pool and count:
        raise UserError(f"class {label}: there is no training image ({whose}) that could be edited")
    found: list[int | None] = []
    while len(found) < count:
        order = np.random.default_rng(seed_from("sources", seed, label, len(found))).permutation(len(pool))
        found += [pool[place] for place in order]
    return found[:count]
