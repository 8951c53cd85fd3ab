"""Contents of samples that are no images, by which those that two splits have in common are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contents:
    """Digests and sources of the samples of each split.

    word: for one sample, such as `video`. digests: by split and sample, hashes of all that is known of its contents;
    samples that share one are the same. sources: by split and sample, a name for what it was cut or taken from; samples
    of one source have much in common.
    """

    word: str
    digests: Mapping[str, Mapping[str, Sequence[str]]]
    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def identical(self, one: str, other: str) -> list[tuple[str, str]]:
        """Returns the samples of a split that are also in another one, each with its first double there."""
        theirs: dict[str, str] = {}
        for sample, digests in self.digests[other].items():
            for digest in digests:
                theirs.setdefault(digest, sample)
        mine = self.digests[one].items()
        return [(sample, double) for sample, own in mine if (double := next(filter(None, map(theirs.get, own)), None))]

    def shared_sources(self, one: str, other: str) -> list[str]:
        """Returns the sources, sorted, of which both of two splits have samples."""
        return sorted({*self.sources.get(one, {}).values()} & {*self.sources.get(other, {}).values()})
