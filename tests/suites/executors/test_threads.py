"""The numeric libraries take the number of threads that they are given."""

from __future__ import annotations

import subprocess
import sys

LOOK = """
from provbench.suites.executors.worker import limit_threads

limit_threads(1)
import cv2, torch

print(cv2.getNumThreads(), torch.get_num_threads())
"""


def test_libraries_that_are_loaded_later_have_the_threads() -> None:
    seen = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True).stdout
    assert seen.split() == ["1", "1"]
