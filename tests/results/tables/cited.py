"""The published numbers, and ways to look them up and to type a table in once more."""

from __future__ import annotations

from provbench.results import PublishedNumber, find, load_published

NUMBERS = load_published()
FOUR = ("fewshot-aircraft", "fewshot-cars", "fewshot-cub", "fewshot-pets")


def of(publication: str) -> list[PublishedNumber]:
    return [number for number in NUMBERS if number.publication == publication]


def values(task: str, method: str, model: str, metric: str, **more: str) -> list[tuple[float, str]]:
    found = find(NUMBERS, task=task, method=method, model=model, metric=metric, **more)
    return [(number.value, number.source) for number in found]


def rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table without its head."""
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()]
