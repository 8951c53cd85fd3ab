"""Groups of training samples: where losses and samplers get them, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from provbench.benchmarks.training import groups as groups_module
from provbench.benchmarks.training.budget import StreamSampler
from provbench.benchmarks.training.data import SeededSampler
from provbench.benchmarks.training.groups import Groups, groups_for, sampling_weights
from provbench.benchmarks.training.learner import Learner
from provbench.registry import REGULARIZERS, TASKS, Task, UserError


@dataclass(frozen=True)
class Record:
    id: str


class Records:
    """Training data of which the first eight samples are of group 0, the others of groups 1 and 2."""

    def __init__(self) -> None:
        self.records = [Record(f"s{number}") for number in range(12)]

    def __len__(self) -> int:
        return len(self.records)


OF = {f"s{number}": 0 if number < 8 else 1 if number < 11 else 2 for number in range(12)}


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Task]:
    def build(groups: Mapping[str, int] = OF, **params: Any) -> Task:
        cls = TASKS.get("steady")
        task = cls(cls.Params(**params), variant="mini", data_root=tmp_path)
        monkeypatch.setattr(task, "sample_groups", lambda: groups)
        return task

    return build


def test_each_group_is_drawn_equally_often_and_repeated_samples_are_not_alike(make: Callable[..., Task]) -> None:
    weights = sampling_weights(make(sampling="group-balanced"), Records())
    assert weights is not None
    assert weights.tolist() == pytest.approx([1 / 8] * 8 + [1 / 3] * 3 + [1.0])
    sampler = SeededSampler(Records(), 0, weights)
    drawn = []
    for epoch in range(300):
        sampler.set_epoch(epoch)
        found = list(sampler)
        assert len(found) == 12
        assert len({seed for _, seed in found}) == 12, "also of a sample that is drawn again"
        drawn += [OF[f"s{index}"] for index, _ in found]
    for count in Counter(drawn).values():
        assert 1100 < count < 1300
    sampler.set_epoch(5)
    assert list(sampler) == list(sampler)
    assert sampling_weights(make(), Records()) is None


def test_a_stream_of_balanced_samples_goes_on_where_it_was(make: Callable[..., Task]) -> None:
    weights = sampling_weights(make(sampling="group-balanced"), Records())
    stream = StreamSampler(Records(), 0, 4, weights)
    stream.start_period(0, 7)
    whole = list(stream)
    stream.start_period(5, 2)
    assert list(stream) == whole[20:]


@pytest.mark.parametrize(
    ("samples", "groups", "words"),
    [
        (Records(), {}, r"sampling: group-balanced: needs groups, and the training samples of steady have none"),
        (object(), OF, r"sampling: group-balanced needs training data that are drawn as they are"),
        (
            Records(),
            {"s0": 1},
            r"group-balanced: the training sample 's1' has no group.*without a synthesizer",
        ),
    ],
)
def test_data_without_groups_are_refused(
    samples: Any, groups: Mapping[str, int], words: str, make: Callable[..., Task]
) -> None:
    with pytest.raises(UserError, match=words):
        sampling_weights(make(groups, sampling="group-balanced"), samples)


def test_regularizers_get_groups_only_if_they_use_them(
    make: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    dro, guidance = REGULARIZERS.build("group-dro"), REGULARIZERS.build("gradient-guidance")
    assert groups_for(make({}), [guidance]) is None
    found = groups_for(make(), [guidance, dro])
    assert isinstance(found, Groups)
    assert found.counts == [8, 3, 1]
    assert found.of_samples(["s11", "s0"]).tolist() == [2, 0]
    with pytest.raises(UserError, match="group-dro: needs groups"):
        groups_for(make({}), [dro])
    monkeypatch.setattr(groups_module, "ranks", lambda: 2)
    with pytest.raises(UserError, match=r"group-dro: trains in one process only \(got 2\)"):
        groups_for(make(), [dro])


def batch(labels: torch.Tensor) -> dict[str, Any]:
    size = len(labels)
    return {
        "inputs": torch.randn(size, 3, 8, 8),
        "labels": labels,
        "masks": torch.ones(size, 1, 8, 8),
        "guided": torch.zeros(size, dtype=torch.bool),
        "ids": [f"s{number}" for number in range(size)],
    }


def test_a_learner_keeps_the_weights_of_groups_in_its_state(make: Callable[..., Task]) -> None:
    torch.manual_seed(0)
    learner = Learner(make(), None, [REGULARIZERS.build("group-dro", step_size=1.0)], seed=0)
    before = learner.state_dict()["memory-group-dro"].clone()
    assert before[0].tolist() == pytest.approx([1 / 3] * 3)
    losses = learner(**batch(torch.arange(12) % 2), mode="loss")
    assert list(losses) == ["loss_classification", "loss_group-dro"]
    assert not losses["loss_classification"].requires_grad, "the robust loss takes its place"
    assert losses["loss_group-dro"].requires_grad
    after = learner.state_dict()["memory-group-dro"]
    assert not torch.equal(before, after)
    assert after[0].sum().item() == pytest.approx(1)

    other = Learner(make(), None, [REGULARIZERS.build("group-dro")], seed=1)
    other.load_state_dict(learner.state_dict())
    assert torch.equal(other.state_dict()["memory-group-dro"], after)


def test_other_learners_have_no_more_state_than_before(make: Callable[..., Task]) -> None:
    learner = Learner(make({}), None, [REGULARIZERS.build("gradient-guidance")], seed=0)
    assert not any(name.startswith("memory") for name in learner.state_dict())
