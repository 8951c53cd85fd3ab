"""A record says what it was timed on."""

from __future__ import annotations

from provbench.suites.running.machine import machine, processor, usable_cores


def test_the_machine_in_words() -> None:
    found = machine(3)
    assert found.keys() == {"cpu", "cores", "gpu", "threads"}
    assert found["threads"] == "3"
    assert found["cpu"] == processor() != ""
    assert int(found["cores"]) == usable_cores() >= 1
