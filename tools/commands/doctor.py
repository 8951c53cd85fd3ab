"""`provbench doctor`: whether this installation and machine can run suites."""

from __future__ import annotations

from dataclasses import asdict

import typer

from ..terminal import DEFAULT_DATA, DEFAULT_OUT, DataOption, JsonOption, OutOption, note, print_json, say

WIDTH = 22
"""Columns of a subject: `task longtail-flowers`, the longest, and a space."""
MARKS = {"ok": " ", "note": "·", "fault": "✗"}


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(out: OutOption = DEFAULT_OUT, data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Examine this installation: packages, GPU, memory, disks, services, data. Exit code 1 if runs would fail.

    Changes nothing. `--json` is what a bug report should have with it.
    """
    from ..doctor import examine

    findings = []
    note("examining: loading torch and OpenMMLab takes longest")
    for finding in examine(out, data):
        findings.append(finding)
        if not json:
            say(f"{MARKS[finding.level]} {finding.subject:<{WIDTH}} {finding.found}")
            if finding.remedy:
                say(f"  {'':<{WIDTH}} → {finding.remedy}")
    faults = [finding for finding in findings if finding.level == "fault"]
    if json:
        print_json({"well": not faults, "findings": [asdict(finding) for finding in findings]})
    else:
        say(f"\n{len(faults)} fault{'s' * (len(faults) != 1)}" if faults else "\nruns can start")
    if faults:
        raise typer.Exit(1)
