from __future__ import annotations

from math import nan

from provbench.results.report.curves import curve_charts


def test_a_chart_for_each_name_with_a_line_for_each_run() -> None:
    curves = {
        "seed 0": [{"epoch": 1, "loss": 2.0, "accuracy": 10.0, "zeal": 1.0, "gradient outside": 60.0}],
        "seed 1": [{"epoch": 1, "loss": 1.0, "loss_penalty": 0.1}, {"epoch": 2, "loss": 0.5}],
    }
    charts = curve_charts(curves, "accuracy")
    assert [chart.title for chart in charts] == ["accuracy", "loss", "loss_penalty", "gradient outside", "zeal"]
    assert [series.name for series in charts[1].series] == ["seed 0", "seed 1"]
    assert list(charts[1].series[1].points) == [(1, 1.0), (2, 0.5)]
    assert [series.tone for series in charts[1].series] == [0, 1]


def test_what_never_has_a_value_has_no_chart() -> None:
    assert curve_charts({"": [{"epoch": 1, "loss": nan}]}) == []
    assert curve_charts({}) == []
