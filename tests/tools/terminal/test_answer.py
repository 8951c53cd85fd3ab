"""With --json, standard output has JSON and nothing else, whatever a plugin prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..conftest import Run

PRINTING = """\
import atexit, os
from provbench.registry import REGULARIZERS, Regularizer
print("imported")
os.write(1, b"from C\\n")
atexit.register(print, "at exit")

@REGULARIZERS.register("printing")
class Printing(Regularizer):
    '''Prints.'''
    def penalty(self, logits, batch, generator):
        print("in training", flush=True)
        return 0 * logits.sum()
"""
SUITE = """\
name: printing
seeds: [0]
plugins: [printing.py, TOY]
tasks:
  toy: {variant: mini, params: {epochs: 1, train_size: 32}}
methods:
  printing: {regularizers: [printing]}
"""
TOY = Path(__file__).parents[2] / "plugins" / "toy.py"


def test_a_plugin_prints_to_standard_error(provbench: Run, tmp_path: Path) -> None:
    (tmp_path / "printing.py").write_text(PRINTING)
    done = provbench("list", "regularizers", "--plugin", "printing.py", "--json")
    assert "printing" in {row["name"] for row in json.loads(done.stdout)["regularizers"]}
    for words in ("imported", "from C", "at exit"):
        assert words in done.stderr


@pytest.mark.slow
def test_so_it_does_in_worker_processes_and_ranks(provbench: Run, tmp_path: Path) -> None:
    (tmp_path / "printing.py").write_text(PRINTING)
    for processes in (1, 2):
        text = SUITE.replace("TOY", str(TOY)).replace("{variant", f"{{processes: {processes}, variant")
        (tmp_path / "suite.yaml").write_text(text)
        done = provbench("run", "suite.yaml", "--json", "--jobs", "1", "--pictures", "0")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["trained"] == 1
        assert "in training" in done.stderr


def test_without_json_a_plugin_prints_where_it_wants(provbench: Run, tmp_path: Path) -> None:
    (tmp_path / "printing.py").write_text(PRINTING)
    assert "imported" in provbench("list", "regularizers", "--plugin", "printing.py").stdout


def test_tables_for_programs_are_alone_on_standard_output(provbench: Run, tmp_path: Path) -> None:
    (tmp_path / "printing.py").write_text(PRINTING)
    (tmp_path / "suite.yaml").write_text(SUITE.replace("TOY", str(TOY)))
    done = provbench("tables", "suite.yaml", "--format", "json")
    assert "imported" in done.stderr
    json.loads(done.stdout)
    assert provbench("tables", "suite.yaml", "--format", "csv").stdout.startswith("table,")
