"""Test metrics of each validated epoch, on request."""

from __future__ import annotations

import pytest

from .conftest import Train

OPTIONS = {"epochs": 5, "val_every": 2, "train_size": 40}


class StoppedError(Exception):
    pass


def test_it_changes_nothing_else_and_ends_with_the_scores(run: Train) -> None:
    plain = run(**OPTIONS, work="plain")
    curved = run(**OPTIONS, test_curve=True, work="curved")
    assert (curved.curve, curved.val, curved.test, curved.epoch) == (plain.curve, plain.val, plain.test, plain.epoch)
    assert not plain.test_curve
    assert [entry["epoch"] for entry in curved.test_curve] == [2, 4, 5]
    assert {**curved.test, "epoch": 5} == curved.test_curve[-1]


def test_of_an_interrupted_run(run: Train) -> None:
    whole = run(**OPTIONS, test_curve=True, work="whole")

    def stop(epoch: int, epochs: int, value: float | None) -> bool:
        if epoch == 4:
            raise StoppedError
        return False

    with pytest.raises(StoppedError):
        run(**OPTIONS, test_curve=True, report=stop)
    assert run(**OPTIONS, test_curve=True).test_curve == whole.test_curve


def test_a_run_that_is_not_tested_has_none(run: Train) -> None:
    assert not run(**OPTIONS, test_curve=True, test=False).test_curve
