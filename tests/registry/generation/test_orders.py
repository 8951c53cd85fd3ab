"""What is to be generated, as a function of the parameters alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import SYNTHESIZERS, Share, UserError
from provbench.registry.generation import Order
from provbench.registry.generation.orders import again, batches


@pytest.fixture
def orders_of(drawn: Any, tmp_path: Path) -> Callable[..., list[Order]]:
    def make(data: Any = drawn, **params: Any) -> list[Order]:
        made = SYNTHESIZERS.build("generated", **params)
        made.work("describe", data, tmp_path, Share(), lambda *_: None)
        return made.orders(data, tmp_path)

    return make


CONTEXT = {"context": "exact", "prompts": "bank", "template": "a {class} at {background}"}


def test_every_class_gets_its_images(orders_of: Callable[..., list[Order]]) -> None:
    orders = orders_of(per_class=3, **CONTEXT)
    assert [order.stem for order in orders][:4] == ["00000-00000", "00000-00001", "00000-00002", "00001-00000"]
    assert all(order.prompt.startswith(("a red gull at place", "a blue gull at place")) for order in orders)
    assert len({order.seed for order in orders}) == 6


def test_more_images_do_not_change_the_first_ones(orders_of: Callable[..., list[Order]]) -> None:
    few = {order.stem: order for order in orders_of(per_class=2, **CONTEXT)}
    many = {order.stem: order for order in orders_of(per_class=5, **CONTEXT)}
    assert all((many[stem].prompt, many[stem].seed) == (order.prompt, order.seed) for stem, order in few.items())


def test_classes_may_have_numbers_of_their_own(orders_of: Callable[..., list[Order]]) -> None:
    assert Counter(order.label for order in orders_of(per_class=(1, 4))) == {0: 1, 1: 4}
    assert Counter(order.label for order in orders_of(per_class=None, per_image=3)) == {0: 6, 1: 6}
    with pytest.raises(UserError, match="one number for each of the 2 classes"):
        orders_of(per_class=(1, 2, 3))


def test_classes_have_the_same_noise_if_they_are_to(orders_of: Callable[..., list[Order]]) -> None:
    orders = orders_of(per_class=2, same_noise=True)
    assert [order.seed for order in orders[:2]] == [order.seed for order in orders[2:]]


def test_edits_go_through_the_images_of_the_class_or_of_others(orders_of: Callable[..., list[Order]]) -> None:
    same = orders_of(per_class=4, sampler="image-to-image")
    assert Counter(order.source for order in same if order.label == 0) == {0: 2, 1: 2}
    other = orders_of(per_class=4, sampler={"name": "image-to-image", "sources": "other-class"})
    assert Counter(order.source for order in other if order.label == 0) == {2: 2, 3: 2}


def test_strengths_are_drawn_from_those_that_are_given(orders_of: Callable[..., list[Order]]) -> None:
    orders = orders_of(per_class=30, sampler={"name": "image-to-image", "strength": [0.3, 0.5]})
    assert {order.strength for order in orders} == {0.3, 0.5}
    assert all(len({one.strength for one in batch}) == 1 for batch in batches(orders, 8))


def test_a_batch_has_one_class_and_one_adapter(orders_of: Callable[..., list[Order]]) -> None:
    orders = orders_of(per_class=5, tuner={"name": "lora", "per": "class"})
    found = batches(orders, 2)
    assert sorted(order.number for batch in found for order in batch) == list(range(10))
    assert [len(batch) for batch in found] == [2, 2, 1, 2, 2, 1]
    assert all(len({(order.label, order.adapter) for order in batch}) == 1 for batch in found)


def test_fused_adapters_are_two_of_the_class(orders_of: Callable[..., list[Order]]) -> None:
    orders = orders_of(per_class=2, tuner={"name": "lora", "per": "image"})
    assert orders[0].adapter.files == ("lora/image-000000.safetensors", "lora/image-000001.safetensors")
    assert orders[0].adapter.weights == (0.5, 0.5)


def test_shared_a_mixes_all_images_of_the_class(orders_of: Callable[..., list[Order]]) -> None:
    orders = orders_of(per_class=2, tuner={"name": "lora", "per": "shared-A"})
    assert orders[2].adapter.files == ("lora/image-000002.safetensors", "lora/image-000003.safetensors")
    assert sum(orders[2].adapter.weights) == pytest.approx(1)
    assert orders[2].adapter.weights != orders[3].adapter.weights


def test_learned_tokens_stand_for_the_class(orders_of: Callable[..., list[Order]]) -> None:
    orders = orders_of(per_class=1, tuner={"name": "textual-inversion", "vectors": 2})
    assert orders[1].prompt == "a photo of a <class-1-0> <class-1-1>"


def test_another_try_has_other_noise(orders_of: Callable[..., list[Order]]) -> None:
    (order, *_) = orders_of(per_class=1)
    assert again(order, 0) == order
    assert again(order, 1).seed not in (order.seed, again(order, 2).seed)


def test_class_names_may_be_anything_but_empty(drawn: Any, orders_of: Callable[..., list[Order]]) -> None:
    drawn.names = ("F/A-18_{x}", "🙂")
    assert [order.prompt for order in orders_of(per_class=1, class_words="spaces")] == [
        "a photo of a F/A-18 {x}",
        "a photo of a 🙂",
    ]
    drawn.names = ("gull", " ")
    with pytest.raises(UserError, match="none of them empty"):
        orders_of(per_class=1)
