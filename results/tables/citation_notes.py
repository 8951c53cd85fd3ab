"""The notes on a table's published numbers: where each stands, what is said of it, and what else was published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from .citations import PublishedNumber
from .model import CellAddress, Table
from .published_cells import PublishedCells

FEW = 3
"""Numbers of one place that are listed in any case."""

CitedNumbers = Sequence[tuple[PublishedNumber, str]]
"""Numbers, and the titles of what they are of."""


def publication_notes(table: Table, published_cells: PublishedCells) -> Iterator[str]:
    """Yields notes on the sources of the published numbers, remarks on them, other numbers for the same quantity, and
    gains that no column shows.
    """

    def title(place: CellAddress, over: str | None) -> str:
        return f"{place.title} over {table.title_of(over, place.row.group)}" if over else place.title

    cited = [(place, number) for place in table.places() if (number := place.cell.published) is not None]
    shown = [(number, title(place, number.over)) for place, number in cited]
    yield from _places(shown)
    yield from _remarks(shown)
    yield from dict.fromkeys(
        f"Published of {title(place, number.over)}, too: {_cited(other)}"
        for place, number in cited
        for other in published_cells.of(place.row, place.column, place.cell.model)
        if other.value != number.value
    )
    gains = {number.quantity for number, _ in shown}
    yield from dict.fromkeys(
        f"Published gain of {title(place, gain.over)}: {_cited(gain)}"
        for place in table.places()
        for gain in published_cells.gains_of(place.row, place.column, place.cell.model)
        if gain.quantity not in gains
    )


def _places(shown: CitedNumbers) -> Iterator[str]:
    """Yields the places of the numbers in their sources. The cells name the kind of source, so that the numbers from
    the place that is most frequent for a kind need not be listed.
    """
    by_place: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for number, title in shown:
        by_place[number.source, number.where][f"{number.figure} of {title}"] = None
    for (source, where), numbers in by_place.items():
        others = {one: len(of) for one, of in by_place.items() if one[0] == source and one != (source, where)}
        if not others:
            which = ""
        elif len(numbers) > max(FEW, *others.values()):
            which = ", where nothing else is said"
        else:
            which = f": {', '.join(numbers)}"
        yield _sentence(f"Published, {where} [{source}]{which}")


def _remarks(shown: CitedNumbers) -> Iterator[str]:
    by_note: dict[str, dict[str, None]] = defaultdict(dict)
    for number, title in shown:
        by_note[number.note][f"{number.figure} of {title}"] = None
    for note, numbers in by_note.items():
        if note:
            yield _sentence(f"On {', '.join(numbers)}: {note}")


def _cited(number: PublishedNumber) -> str:
    return _sentence(f"{number.label}, {number.where}{f'; {number.note}' if number.note else ''}")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
