"""The numbers that are read back from the files of tables."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.results import Column, RowRuns, TableRow, build_table, render, render_all
from provbench.results.regression.differences import SeedValues
from provbench.results.regression.table_numbers import read_table, read_tables, with_identities

from ..conftest import MakeRecord
from .compared import NAME


def table(cells: Sequence[dict[str, Any]], **fields: Any) -> bytes:
    """A table's file with these cells, made by hand."""
    known = {"method": "cutmix", "task": "waterbirds", "metric": "accuracy", "unit": "%", "selection": "val"}
    return json.dumps({"variant": "full", "cells": [{**known, **cell} for cell in cells], **fields}).encode()


class TestTables:
    def test_every_number_of_a_rendered_table(self, make_record: MakeRecord) -> None:
        columns = [Column("waterbirds", "accuracy"), Column("waterbirds", "training time")]
        rows = [
            TableRow(method, [RowRuns(runs, (0, 1, 2))] * 2)
            for method in ("baseline", "cutmix")
            if (
                runs := [
                    make_record(f"{method}-{i}", method=method, seed=i, test={"accuracy": 70.0 + i}) for i in (0, 1)
                ]
            )
        ]
        made = build_table(rows, columns, variant="full", baseline="baseline")
        state = read_table(render(made, "json").encode(), "table.json")
        assert {(name.method, name.metric) for name in state} == {("baseline", "accuracy"), ("cutmix", "accuracy")}
        for name, found in state.items():
            assert found.values == {0: 70.0, 1: 71.0}
            assert found.keys == {0: f"{name.method}-0", 1: f"{name.method}-1"}
            assert (found.missing, found.unit, name.selection) == (1, "%", "val")

    def test_of_several_tables_in_one_file(self) -> None:
        rows = [TableRow("cutmix", [RowRuns([], (0,))])]
        made = build_table(rows, [Column("birds", "accuracy")], variant="full")
        both = read_tables(render_all({"one": made, "other": made}, "json").encode(), "tables.json")
        assert [name.table for name in both] == ["one", "other"]
        assert read_tables(render(made, "json").encode(), "t", "one") == read_table(
            render(made, "json").encode(), "t", "one"
        )

    def test_by_hand(self) -> None:
        cell = {"values": {"0": 70, "5": 71}, "runs": {"0": "aa", "5": "ab", "6": "ac"}, "mean": 70.5}
        more = {"higher_is_better": False, "protocol": "3", "fingerprint": "feed", "group": "5-shot", "over": "ALIA"}
        (first,), (name,) = (read_table(table([{**cell, **more}]), "t", "main").items(),) * 2
        assert name == first
        assert first == (
            NAME._replace(group="5-shot", selection="val", over="ALIA", table="main"),
            SeedValues(
                {0: 70, 5: 71},
                {0: "aa", 5: "ab", 6: "ac"},
                0,
                "%",
                False,
                {"task.version": '"3"', "fingerprint": '"feed"'},
            ),
        )

    def test_numbers_that_are_named_alike_keep_their_order(self) -> None:
        state = read_table(table([{"values": {"0": 1.0}}, {"values": {"0": 2.0}}, {"values": {"0": 3.0}}]), "t")
        assert [(name.number, found.values[0]) for name, found in state.items()] == [(0, 1.0), (1, 2.0), (2, 3.0)]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "must be valid JSON"),
            (b"\x00\xff\xfe", "must be valid JSON"),
            (b"[" * 100_000, "must be valid JSON"),
            (b"[]", "must be"),
            (b'{"cells": []}', "variant: required"),
            (table([], variant="mini data"), "variant: "),
            (table([{}]), "cells.0.values: required"),
            (table([{"values": {"0": "high"}}]), "cells.0.values.0: "),
            (table([{"values": {"0": None}}]), "cells.0.values.0: "),
            (table([{"values": {"one": 1.0}}]), "cells.0.values.one"),
            (table([{"values": {"0": math.nan}}]), "cells.0.values.0: "),
            (table([{"values": {"0": math.inf}}]), "cells.0.values.0: "),
            (table([{"values": {"0": 1e300}}]), "cells.0.values.0: "),
            (table([{"values": {"0": 1.0}, "task": 5}]), "cells.0.task: "),
            (table([{"values": {"0": 70.0, "1": 71.0}, "mean": 71.0}]), "cells.0: its mean, 71.0, is not that of"),
            (table([{"values": {"0": 1.0}}])[:-20], "must be valid JSON"),
        ],
    )
    def test_what_is_no_table_is_refused(self, data: bytes, message: str) -> None:
        with pytest.raises(UserError) as caught:
            read_table(data, "here/table.json")
        assert message in str(caught.value)
        assert str(caught.value).startswith("here/table.json: ")
        assert len(str(caught.value)) < 1000

    def test_identities_of_the_runs(self, make_record: MakeRecord) -> None:
        cells = [{"values": {"0": 1.0}, "runs": {"0": "aa00"}}, {"values": {"0": 1.0}, "runs": {"0": "zz00"}}]
        state = with_identities(read_table(table(cells), "t"), [make_record("aa00", protocol="7")])
        known, unknown = state.values()
        assert known.identity["task.version"] == '"7"'
        assert unknown.identity == {}
