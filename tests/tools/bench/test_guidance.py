"""The bench of guidance measures every variant that a network allows, against its plain step."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

import pytest
import torch

from provbench.tools.bench import guidance


def options(**changes: Any) -> Namespace:
    plain = {"model": "tiny-deit", "batch": 2, "size": 32, "steps": 1, "precision": "fp32", "channels_last": False}
    return Namespace(**{**plain, **changes})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guidance, "WARM_UP", 0)
    monkeypatch.setattr(guidance, "DRAWS", 2)


def test_each_variant_has_a_ratio_to_the_plain_step_and_estimators_a_fidelity() -> None:
    found = {one.name: one for one in guidance.measure(options(), torch.device("cpu"))}
    assert set(found) == {"plain", "mixed", guidance.ONE_SOURCE, *guidance.GUIDANCE, *guidance.OTHERS}
    assert (found["plain"].ratio, found["plain"].spread) == (1, (1, 1))
    assert len(found["random-source, every 4th step"].milliseconds) == 4
    assert found["exact"].cosine == pytest.approx(1, abs=1e-4)
    assert found["random-source"].cosine is not None
    assert found["mixed"].cosine is None


def test_a_variant_that_the_network_does_not_allow_is_left_out() -> None:
    names = [one.name for one in guidance.measure(options(model="tiny-cam"), torch.device("cpu"))]
    assert "double-backprop" in names
    assert "double-backprop, shifted step" not in names


def test_one_source_guides_every_sample_outside_of_its_left_half() -> None:
    _, batch = guidance.build(options(), torch.device("cpu"))
    (source,) = guidance.one_source(batch).sources
    assert source.guided.all()
    assert source.mask[..., :16].all()
    assert not source.mask[..., 16:].any()


def test_what_a_network_leaves_out_at_random_does_not_blur_the_fidelity() -> None:
    class DropPath(torch.nn.Module):
        """As timm's: by its name, since timm is an extra."""

    net = torch.nn.Sequential(torch.nn.Dropout(), DropPath(), torch.nn.BatchNorm1d(2))
    with guidance.steady(net):
        assert [one.training for one in net] == [False, False, True]
    assert all(one.training for one in net)


def test_clouds_of_points_are_mixed_as_such() -> None:
    net, batch = guidance.build(options(model="tiny-skp"), torch.device("cpu"))
    assert batch.inputs.shape == (2, *guidance.CLOUD)
    assert net(batch.inputs).shape == (2, 10)


def test_json_has_the_title_and_all_variants(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(guidance, "measure", lambda *_: [guidance.Measured("plain", [2.0], ratio=1.0)])
    monkeypatch.setattr(sys, "argv", ["guidance", "--json", "--model", "skp"])
    guidance.main()
    printed = json.loads(capsys.readouterr().out)
    assert printed["title"].startswith("skp, batch 32, 64 px, fp32, ")
    assert printed["variants"][0]["name"] == "plain"
