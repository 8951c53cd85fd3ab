"""Finished runs that are asked for once more, as after a plugin's code was changed under the same version."""

from __future__ import annotations

from collections.abc import Iterable

from ..planning import RunSpec


class Repeats:
    """What `--rerun` names: methods, whose final runs are meant, and keys."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(names)
        self._keys: set[str] = set()
        self._used: set[str] = set()

    def ask_for(self, spec: RunSpec) -> bool:
        """Whether a run is to be repeated, though it has a record. Trials are not: their search would not look."""
        found = {spec.method, spec.key} & self._names if spec.phase == "final" else set()
        if found:
            self._used |= found
            self._keys.add(spec.key)
        return bool(found)

    def __contains__(self, key: object) -> bool:
        """Whether the run of that key was asked for."""
        return key in self._keys

    @property
    def unused(self) -> list[str]:
        """Names that no run of the suite has answered to."""
        return sorted(self._names - self._used)
