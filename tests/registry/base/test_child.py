"""A child process: heard over its pipe, its end in words, gone with its parent."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from operator import methodcaller

import pytest

from provbench.registry.base import Child
from provbench.registry.base.child import ending

ORPHAN = """\
import os, signal
from operator import methodcaller
from provbench.registry.base import Child
print(Child(methodcaller("recv"), name="orphan").process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "stopped answering"),
        (0, "ended by itself (exit code 0)"),
        (3, "ended by itself (exit code 3)"),
        (-signal.SIGKILL, "was killed by SIGKILL (out of memory?)"),
        (-signal.SIGBUS, "was killed by SIGBUS (shared memory full?)"),
        (-signal.SIGTERM, "was killed by SIGTERM"),
    ],
)
def test_an_end_in_words(code: int | None, words: str) -> None:
    assert ending(code) == words


def test_a_child_is_heard_and_ends_by_itself() -> None:
    child = Child(methodcaller("send", "here"), name="sender")
    assert child.pipe.recv() == "here"
    with pytest.raises(EOFError):
        child.pipe.recv()
    assert child.death() == "ended by itself (exit code 0)"
    child.kill()


def test_a_killed_child_shows_when_its_pipe_is_read_and_not_before() -> None:
    child = Child(methodcaller("recv"), name="listener")
    assert child.death(patience=0) == "stopped answering"
    os.kill(child.process.pid or 0, signal.SIGKILL)
    assert child.death() == "was killed by SIGKILL (out of memory?)"
    child.send("nobody reads this")
    with pytest.raises((EOFError, ConnectionResetError)):
        child.pipe.recv()
    child.kill()


@pytest.mark.parametrize("group", [False, True])
def test_a_child_is_gone_once_it_is_killed(group: bool) -> None:
    child = Child(methodcaller("recv"), name="listener", group=group)
    child.kill()
    assert child.process.exitcode == -signal.SIGKILL


def test_a_child_follows_its_parent() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    try:
        orphan = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return
    try:
        assert select.select([orphan], [], [], 20)[0], "it outlives its parent"
    finally:
        os.close(orphan)
