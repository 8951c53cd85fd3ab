"""The numbers of two folders of runs, under the names by which they are compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite, nan

from provbench.registry.base import UserError, leaves

from ..store import RunRecord
from .differences import BARRIERS, Name, SeedValues, State


def pair_runs(old: Iterable[RunRecord], new: Iterable[RunRecord]) -> tuple[State, State]:
    """The test metrics of two folders' final runs, by the names under which they are compared.

    Runs that differ in their seed alone are one configuration, and one that is in both states is compared with itself,
    whatever its method is called. Of what is left of a method, those are compared that agree in all that varies within
    a state: what differs between the states alone (a version, a new parameter) keeps no two apart. The code is no part
    of a configuration. What was copied from the old folder into the new one, and run there again under other versions,
    counts as it was run again.

    Raises `UserError` where a configuration has two finished runs of one seed.
    """
    ours, theirs = _configurations(old), _configurations(new)
    for same in _superseded(ours, theirs):
        del theirs[same]
    pairs = [(ours[same], theirs[same]) for same in ours if same in theirs]
    for method in dict.fromkeys(runs.method for runs in (*ours.values(), *theirs.values())):
        sides = [{text: runs for text, runs in side.items() if runs.method == method} for side in (ours, theirs)]
        varying = _varying(sides[0].values()) | _varying(sides[1].values())
        left = [runs for text, runs in sides[0].items() if text not in theirs]
        waiting = {runs.text(varying): runs for text, runs in sides[1].items() if text not in ours}
        pairs += [(runs, waiting.pop(runs.text(varying), _Runs(method, {}))) for runs in left]
        pairs += [(_Runs(method, {}), runs) for runs in waiting.values()]
    return _named(pairs)


@dataclass
class _Runs:
    """The runs of one configuration; there may be none."""

    method: tuple[str, str, str]
    """Variant, task, method."""
    identity: Mapping[str, str]
    by_seed: dict[int, RunRecord] = field(default_factory=dict)

    def text(self, parts: Iterable[str]) -> str:
        """Those parts of the identity, as `task.params.lr=0.01, task.version="2"`."""
        here = sorted(part for part in parts if part in self.identity)
        return ", ".join(f"{part}={self.identity[part]}" for part in here)

    @property
    def unversioned(self) -> str:
        """Returns the identity without the versions of plugins and data."""
        parts = [part for part in self.identity if part not in BARRIERS and not part.endswith(".version")]
        return f"{self.method} {self.text(parts)}"

    def add(self, run: RunRecord) -> None:
        known = self.by_seed.setdefault(run.seed, run)
        if known is not run and known.status == run.status == "done":
            raise UserError(
                f"{run.task} {run.method}: two finished final runs of seed {run.seed}, {known.key} and {run.key}, are "
                "alike in everything else: compare folders that have one of them"
            )
        if known.status != "done":
            self.by_seed[run.seed] = run

    def number(self, metric: str) -> SeedValues:
        runs = dict(sorted(self.by_seed.items()))
        found = {seed: run.test.get(metric, nan) for seed, run in runs.items() if run.status == "done"}
        return SeedValues(
            values={seed: value for seed, value in found.items() if isfinite(value)},
            keys={seed: run.key for seed, run in runs.items()},
            identity=self.identity,
        )


def _configurations(records: Iterable[RunRecord]) -> dict[str, _Runs]:
    """The final runs by what is the same for all seeds."""
    found: dict[str, _Runs] = {}
    for run in records:
        if run.phase == "final":
            runs = _Runs((run.variant, run.task, run.method), identity_of(run))
            found.setdefault(f"{run.variant} {run.task} {runs.text(runs.identity)}", runs).add(run)
    return found


def _superseded(old: Mapping[str, _Runs], new: Mapping[str, _Runs]) -> list[str]:
    """The configurations that were copied from the old folder as they are, and are in the new one once more."""
    again = {runs.unversioned for text, runs in new.items() if text not in old}
    copied = [text for text, runs in old.items() if text in new and runs.by_seed == new[text].by_seed]
    return [text for text in copied if new[text].unversioned in again]


def _named(pairs: Iterable[tuple[_Runs, _Runs]]) -> tuple[State, State]:
    """Both sides' numbers; configurations of one method are distinguished by what varies between them."""
    methods: dict[tuple[str, str, str], list[tuple[_Runs, _Runs]]] = defaultdict(list)
    for before, after in pairs:
        methods[(before if before.by_seed else after).method].append((before, after))
    old: dict[Name, SeedValues] = {}
    new: dict[Name, SeedValues] = {}
    for method, of_method in methods.items():
        varying = _varying([before if before.by_seed else after for before, after in of_method])
        for before, after in of_method:
            group = (before if before.by_seed else after).text(varying)
            runs = (*before.by_seed.values(), *after.by_seed.values())
            for metric in dict.fromkeys(metric for run in runs for metric in run.test):
                name = Name(*method, metric, group)
                old[name], new[name] = before.number(metric), after.number(metric)
    return old, new


def _varying(configurations: Iterable[_Runs]) -> set[str]:
    """The parts of the identity that are not the same in all."""
    pairs = pairwise(runs.identity for runs in configurations)
    return {part for one, other in pairs for part in {**one, **other} if one.get(part) != other.get(part)}


def identity_of(run: RunRecord) -> dict[str, str]:
    """Returns the content of the run's key, apart from its seed, flat: `task.params.lr`, `augmentation.version` …"""
    plain = {"task": {"version": run.protocol, "params": run.parameters}, "method": run.method}
    parts = dict(leaves(run.identity or {**plain, "fingerprint": run.fingerprint}))
    return {part: json.dumps(value, sort_keys=True) for part, value in parts.items() if part not in ("seed", "phase")}
