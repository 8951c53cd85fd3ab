"""What a training process imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOOK = """
import sys
from pathlib import Path
from provbench.suites.executors.worker import prepare_process
from provbench.suites.running import execution

prepare_process(1)
try:
    execution._attempt(None, None, execution.never_stop)
except AttributeError:
    pass
from provbench.benchmarks.training.runner import Undrawn

Undrawn.get_instance(name="a")
names = ("provbench.benchmarks.training.loop", "transformers", "peft", "matplotlib")
print([name for name in names if name in sys.modules])
"""


@pytest.mark.slow
def test_it_is_neither_transformers_nor_matplotlib() -> None:
    seen = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True).stdout
    assert seen.strip() == "['provbench.benchmarks.training.loop']"
