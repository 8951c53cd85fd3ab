"""Docstrings describe what they belong to in sentences or noun phrases that can be understood by themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("registry", "benchmarks", "suites", "results", "tools")
FRAGMENTS = frozenset(
    ["Of", "As", "By", "For", "From", "To", "What", "Where", "Whether", "Which", "Who", "Whose", "How"]
)
"""First words of docstrings that lean on the line above instead of saying what a thing is or does."""


def _docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yields line and text of the docstrings of modules, classes and functions, and of those after assignments."""
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", [])
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, text


def _fragments(source: str) -> list[str]:
    """Returns line and text of each docstring that begins like a fragment."""
    return [f"{line}: {text}" for line, text in sorted(_docstrings(source)) if FRAGMENTS & set(text.split()[:1])]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_docstring_begins_like_a_fragment(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): fragments
        for path in sorted((ROOT / package).rglob("*.py"))
        if (fragments := _fragments(path.read_text(encoding="utf-8")))
    }
    assert not found, "write a sentence or a noun phrase: 'Returns the …', 'Number of …'"


def test_fragments_are_found_wherever_a_docstring_stands() -> None:
    source = '''"""Of a module."""
SIZE = 1
"""Of a thing."""


class Thing:
    """What it is."""

    size: int = 1
    """Number of things."""

    def __init__(self) -> None:
        """Makes a thing."""
        self.count = 0
        """Of things."""
'''
    assert _fragments(source) == ["1: Of a module.", "3: Of a thing.", "7: What it is.", "15: Of things."]
