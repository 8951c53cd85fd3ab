"""A weight that is a share: its parameters by path, in keys, sweeps and searches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provbench.registry import UserError
from provbench.results.store.record import RunRecord
from provbench.suites.planning.plan import Cell, Plan
from provbench.suites.showing.replays import spec_of

from ..conftest import SEARCH, TOY

SHARE = TOY.replace("alpha: 0.03", "alpha: {share: 0.1}")
NAME = "gradient-guidance.alpha.share"


def guided(plan: Plan) -> Cell:
    return plan.cells[-1]


def test_parameters_within_a_parameter_are_named_by_their_path(make: Callable[..., Plan]) -> None:
    parameters = guided(make(SHARE)).spec(0, "final", "f").parameters
    assert parameters[NAME] == 0.1
    assert parameters["gradient-guidance.alpha.steps"] == 20
    assert "gradient-guidance.alpha" not in parameters


def test_an_override_reaches_inside_and_keeps_the_rest(make: Callable[..., Plan]) -> None:
    text = SHARE.replace("{share: 0.1}", "{share: 0.1, steps: 7}").replace(
        "params: {epochs: 2, train_size: 32}",
        f"params: {{epochs: 2, train_size: 32}}, overrides: {{cutmix+guidance: {{{NAME}: 0.3}}}}",
    )
    (regularizer,) = guided(make(text)).spec(0, "final", "f").regularizers
    assert regularizer.params["alpha"] == {"share": 0.3, "steps": 7}


def test_a_sweep_may_be_over_shares_and_each_is_another_key(make: Callable[..., Plan]) -> None:
    plan = make(SHARE.rstrip() + f"\n    sweep: {{{NAME}: [0.05, 0.2]}}\n")
    cells = [cell for cell in plan.cells if cell.swept]
    assert [cell.label for cell in cells] == ["cutmix+guidance (share=0.05)", "cutmix+guidance (share=0.2)"]
    assert len({cell.spec(0, "final", "f").key for cell in cells}) == 2


def test_a_search_varies_the_share_where_there_is_one_and_the_weight_where_not(make: Callable[..., Plan]) -> None:
    for text, expected in ((SHARE, {NAME}), (TOY, {"gradient-guidance.alpha"})):
        plan = make(text + "search: {trials: 2}\n")
        declared = {name for name in plan.spaces(guided(plan)) if name.startswith("gradient-guidance.alpha")}
        assert declared == expected
    plan = make(SHARE + SEARCH.replace("gradient-guidance.alpha:", f"{NAME}:"))
    space = plan.spaces(guided(plan))[NAME]
    assert (space.low, space.high, space.log) == (0.01, 1, True)
    assert guided(plan).spec(0, "search", "f", {NAME: 0.5}).parameters[NAME] == 0.5


def test_a_weight_that_is_a_share_is_not_searched_as_a_number(make: Callable[..., Plan]) -> None:
    with pytest.raises(UserError, match=r"gradient-guidance\.alpha: no cell has this parameter"):
        make(SHARE + SEARCH)


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        ("-1", r"gradient-guidance: alpha: must be greater than or equal to 0 \(got -1\)"),
        ("{share: 0}", r"gradient-guidance: alpha.share: must be greater than 0 \(got 0\)"),
        ("{}", r"gradient-guidance: alpha.share: required"),
        ("{share: 0.1, stepps: 3}", r"gradient-guidance: unknown parameter 'alpha.stepps'$"),
        ("much", r"gradient-guidance: alpha: must be a number \(got 'much'\)"),
    ],
)
def test_what_is_no_weight_is_refused_by_its_name(make: Callable[..., Plan], alpha: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make(TOY.replace("alpha: 0.03", f"alpha: {alpha}"))


def test_a_record_of_a_share_can_be_replayed_from_its_identity(make: Callable[..., Plan]) -> None:
    spec = guided(make(SHARE)).spec(0, "final", "f")
    fields = {"task": "toy", "method": "m", "phase": "final", "seed": 0, "status": "done", "variant": "mini"}
    record = RunRecord(key=spec.key, suite="s", parameters=spec.parameters, identity=spec.identity(), **fields)
    assert spec_of(record).key == spec.key
