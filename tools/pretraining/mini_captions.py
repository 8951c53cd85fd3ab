"""The pictures and captions that the small generator is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provbench.benchmarks.common import (
    BACKGROUNDS,
    BEAK_COLOURS,
    BEAK_SHAPES,
    COLOURS,
    FEW_SHOT,
    POSES,
    PRETRAINING,
    SIDE,
    WING_MARKS,
    Parts,
    draw_scene,
)

NAMED = 60
"""Combinations of parts that have a name, so that the generator learns what names are."""
ONSETS = (*"bdfghklmnprstvz", "br", "dr", "kr", "st", "tr")
VOWELS, ENDS = tuple("aeiou"), tuple("lnrsx")
"""Pieces of names."""
KINDS = tuple(sorted({species.name.split()[-1] for species in FEW_SHOT}))
SHARES = {"names": 0.3, "part": 0.88, "background": 0.85, "pose": 0.85, "empty": 0.1}
"""Shares of pictures with a named combination, and of captions with a part, the background, the pose, or nothing."""

ASPECTS: dict[str, tuple[str, ...]] = {
    "head": tuple(COLOURS),
    "wing": tuple(COLOURS),
    "wing_mark": tuple(WING_MARKS),
    "beak": tuple(BEAK_COLOURS),
    "beak_shape": tuple(BEAK_SHAPES),
    "background": tuple(BACKGROUNDS),
    "pose": POSES,
}
"""A caption can tell these of a picture; the values of each."""


@dataclass(frozen=True)
class Picture:
    """The content of a picture. name: of the combination of parts, where it has one."""

    parts: Parts
    name: str | None
    background: str
    pose: str

    def value(self, aspect: str) -> str:
        """Returns the value of one of the `ASPECTS`."""
        return str(getattr(self if aspect in ("background", "pose") else self.parts, aspect))

    def told(self, text: str) -> dict[str, str]:
        """Returns the aspects that a caption of the picture tells, and their values. A name tells all parts."""
        head, wing, beak = self.parts.phrases()
        phrases = {"head": head, "wing": wing, "wing_mark": wing, "beak": beak, "beak_shape": beak}
        if self.name and self.name in text:
            phrases = dict.fromkeys(phrases, self.name)
        phrases |= {"background": f"the {self.background} background", "pose": f"the {self.pose} pose"}
        return {aspect: self.value(aspect) for aspect in ASPECTS if phrases[aspect] in text}


def named_parts() -> dict[Parts, str]:
    """Returns the combinations that have a name: an invented word and a kind of bird. None is a few-shot species'."""
    rng = np.random.default_rng(0)
    taken = {species.name.split()[0].lower() for species in FEW_SHOT}
    places = rng.choice(len(PRETRAINING), NAMED, replace=False)
    names: dict[Parts, str] = {}
    for place in places:
        while (word := _word(rng)) in taken:
            pass
        taken.add(word)
        names[PRETRAINING[place]] = f"{word.capitalize()} {rng.choice(KINDS)}"
    return names


def _word(rng: np.random.Generator) -> str:
    syllables = [f"{rng.choice(ONSETS)}{rng.choice(VOWELS)}" for _ in range(2)]
    return "".join(syllables) + str(rng.choice(ENDS))


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[Picture]]:
    """Returns images (N, 3, H, W) uint8, masks (N, H, W) bool, and what they show."""
    names = named_parts()
    images = np.empty((count, 3, SIDE, SIDE), np.uint8)
    masks = np.empty((count, SIDE, SIDE), bool)
    shown = []
    for place in range(count):
        rng = np.random.default_rng([seed, place])
        known = list(names) if rng.random() < SHARES["names"] else PRETRAINING
        parts = known[rng.integers(len(known))]
        one = draw_scene(rng, parts, str(rng.choice(BACKGROUNDS)), str(rng.choice(POSES)))
        images[place], masks[place] = one.image.transpose(2, 0, 1), one.mask
        shown.append(Picture(parts, names.get(parts), one.background, one.pose))
    return images, masks, shown


def caption(rng: np.random.Generator, shown: Picture) -> str:
    """Returns one of a picture's captions: its parts or its name, background and pose, each but sometimes left out."""
    if rng.random() < SHARES["empty"]:
        return ""
    return sentence(
        shown.name if shown.name and rng.random() < 0.8 else some_parts(rng, shown.parts),
        shown.background if rng.random() < SHARES["background"] else None,
        shown.pose if rng.random() < SHARES["pose"] else None,
    )


def some_parts(rng: np.random.Generator, parts: Parts) -> str:
    """Returns a description by most of the parts, such as "bird with a red head and a long dark beak"."""
    phrases = [phrase for phrase in parts.phrases() if rng.random() < SHARES["part"]]
    return described(phrases)


def described(phrases: list[str]) -> str:
    if len(phrases) < 2:
        return " with ".join(["bird", *phrases])
    return f"bird with {', '.join(phrases[:-1])} and {phrases[-1]}"


def sentence(subject: str, background: str | None, pose: str | None) -> str:
    """Returns a caption in the form of the prompts that generators of few-shot classes are given."""
    where = f"in the {background} background" if background else ""
    how = f"with the {pose} pose" if pose else ""
    return " ".join(part for part in (f"a bird photo of a {subject}", where, how) if part)
