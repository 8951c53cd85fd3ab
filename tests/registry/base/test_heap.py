"""What of the freed memory a process keeps."""

from __future__ import annotations

import subprocess
import sys

LOOK = """
import psutil
from provbench.registry.base import keep_freed_memory, return_freed_memory

def held():
    return psutil.Process().memory_info().rss / 2**20

keep_freed_memory()
before = held()
block = bytearray(b"1") * (20 << 20)
wall = bytearray(1000)
del block
kept = held() - before
return_freed_memory()
print(kept, held() - before)
"""


def test_freed_memory_is_kept_until_it_is_given_back() -> None:
    seen = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True).stdout
    kept, left = map(float, seen.split())
    assert left < 5
    assert kept > left
