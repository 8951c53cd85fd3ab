"""Text made harmless for each form that a table is written in: a name must not break, run or fake anything."""

from __future__ import annotations

import html as _html
import re
import unicodedata
from typing import Any

_LINE_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, those that change the direction of what follows among them."""

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Characters that a terminal obeys instead of showing, and lone surrogates, which it cannot be sent."""

_MARKDOWN = re.compile(r"[\\|*_`<>\[\]~#$]|&(?=#?\w+;)|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""Markup, formulas, entities, and what makes a link of a bare address."""

_FORMULA = ("=", "+", "-", "@", "\t")
"""First characters that make a spreadsheet run a text as a formula."""

_MINUS = re.compile(r"(?<![\w.-])-(?=\d)")
_SIGNS = "pm Delta le ge ne approx to gets uparrow infty prime"
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega"
)
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "–": "--",
    "−": "$-$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{sign: f"$\\{name}$" for sign, name in zip("±Δ≤≥≠≈→←↑∞′", _SIGNS.split(), strict=True)},
    **{letter: f"$\\{name}$" for letter, name in zip("αβγδεζηθικλμνξπρστυφχψω", _GREEK.split(), strict=True)},
}
_LATEX_KNOWS = "¡¢£¤¥§©®¬°±¶·¹²³º¼½¾¿×÷ßÆæØøÅåŒœŁłı€…‘’“”—†‡•™"
_ACCENTS = range(0x300, 0x30D)
"""Combining accents that every font encoding of LaTeX can set."""


def one_line(text: str) -> str:
    """`text` without line breaks and control characters."""
    return _INVISIBLE.sub("", _LINE_BREAKS.sub(" ", text))


def visible(text: str) -> str:
    """Returns text for a terminal: a character that would steer it is shown as a picture; lines and tabs stay."""
    return text if text.isascii() and text.isprintable() else _STEERING.sub(_picture, text)


def json_text(text: str) -> str:
    r"""Returns the same JSON document with characters that would steer a terminal written as `\u` escapes.

    JSON allows such characters only inside strings, so that the values of the document stay as they are.
    """
    return text if text.isascii() and "\x7f" not in text else _STEERING.sub(lambda one: f"\\u{ord(one[0]):04x}", text)


def markdown(text: str) -> str:
    """Escapes text for a field of a GitHub table, a heading or an item of a list."""
    return _MARKDOWN.sub(r"\\\g<0>", one_line(text))


def html(text: str) -> str:
    """Escapes text for the content of an element, or of an attribute in double quotes."""
    return _html.escape(one_line(text))


def latex(text: str) -> str:
    """Escapes running text for pdfLaTeX with its default encodings; characters that these lack are written as
    `[U+4E2D]`.
    """
    return "".join(map(_latex_character, _MINUS.sub("−", one_line(text))))


def latex_label(text: str) -> str:
    r"""Escapes text for the argument of `\label`."""
    return re.sub(r"[^\w:.+-]", "-", text, flags=re.ASCII)


def spreadsheet(value: Any) -> Any:
    """A value of a CSV file: a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if not isinstance(value, str):
        return value
    return no_formula(one_line(value))


def no_formula(text: str) -> str:
    """A text with an apostrophe before it, if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def _latex_character(character: str) -> str:
    if character in _LATEX:
        return _LATEX[character]
    if character.isascii() or character in _LATEX_KNOWS or _is_accented(character):
        return character
    return f"[U+{ord(character):04X}]"


def _is_accented(character: str) -> bool:
    base, *marks = unicodedata.normalize("NFD", character)
    return base.isascii() and base.isalpha() and len(marks) == 1 and ord(marks[0]) in _ACCENTS and character < "\u0180"
