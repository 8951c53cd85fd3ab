"""No text breaks out of the form that it is written in."""

from __future__ import annotations

import html
import html.parser
import json
import unicodedata

import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt

from provbench.registry.base import escape

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(ANY_TEXT)
def test_one_line_is_one_line(text: str) -> None:
    found = escape.one_line(text)
    assert len(found.splitlines()) <= 1
    assert not any(unicodedata.category(character) == "Cc" for character in found.replace("\t", ""))


def test_the_direction_of_writing_stays() -> None:
    assert escape.one_line("a\u202eb\u2066c\u200fd\ufeffe") == "abcde"


@given(ANY_TEXT)
def test_html_comes_back_as_text(text: str) -> None:
    class Reader(html.parser.HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += data

        def handle_starttag(self, tag: str, attrs: list) -> None:
            assert dict(attrs) == {"title": escape.one_line(text)}
            assert tag == "p"

    reader = Reader()
    reader.feed(f'<p title="{escape.html(text)}">{escape.html(text)}</p>')
    reader.close()
    assert reader.found == escape.one_line(text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("a\\", "a\\\\"),
        ("**a** `b` _c_", r"\*\*a\*\* \`b\` \_c\_"),
        ("<script>", r"\<script\>"),
        ("[a](http://b)", r"\[a\](http\://b)"),
        ("www.a.b", r"www\.a.b"),
        ("&lt;b&gt; & c", r"\&lt;b\&gt; & c"),
        ("$x$ #1 ~y~", r"\$x\$ \#1 \~y\~"),
        ("12:30, a & b, 5 %", "12:30, a & b, 5 %"),
    ],
)
def test_markdown(text: str, escaped: str) -> None:
    assert escape.markdown(text) == escaped


@given(ANY_TEXT)
def test_markdown_is_shown_as_it_was(text: str) -> None:
    """By a renderer of CommonMark with GitHub's tables: one field, with nothing but text in it."""
    shown = (
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"| {escape.markdown(text)} |\n| --- |\n")
    )
    body = shown.partition("<th>")[2].partition("</th>")[0]
    assert shown.count("<th>") == 1
    assert "<" not in body
    assert html.unescape(body).split() == escape.one_line(text).split()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (r"\input{secret}", r"\textbackslash{}input\{secret\}"),
        ("a_b & 50% $x$ #1", r"a\_b \& 50\% \$x\$ \#1"),
        ('~ ^ < > | "', r"\textasciitilde{} \textasciicircum{} \textless{} \textgreater{} \textbar{} {\char34}"),
        ("1 ± 2, Δ, α – β", r"1 $\pm$ 2, $\Delta$, $\alpha$ -- $\beta$"),
        ("-1.4 of 3-4, a-5", "$-$1.4 of 3-4, a-5"),
        ("Chéron", "Chéron"),
        ("中 ą", "[U+4E2D] [U+0105]"),
    ],
)
def test_latex(text: str, escaped: str) -> None:
    assert escape.latex(text) == escaped


@given(ANY_TEXT)
def test_latex_has_no_commands_but_its_own(text: str) -> None:
    found = escape.latex(text)
    for own in (*escape._LATEX.values(), "{}"):
        found = found.replace(own, "")
    assert not set(found) & set("\\{}$&#_^~%")


@pytest.mark.parametrize("text", ["=1+1", "+guidance", "-x", "@sum", "\ttab", " =1+1", "\r=1+1", "\x00=1"])
def test_no_text_is_a_formula(text: str) -> None:
    assert escape.spreadsheet(text) == "'" + escape.one_line(text)


@pytest.mark.parametrize("value", [-1.5, None, True, "a=b", "1"])
def test_other_values_stay(value: object) -> None:
    assert escape.spreadsheet(value) == value


def test_a_label_of_latex() -> None:
    assert escape.latex_label("tab:a b}\\c_é") == "tab:a-b--c_-"


@given(ANY_TEXT)
def test_nothing_steers_a_terminal(text: str) -> None:
    found = escape.visible(text)
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in found if one not in "\n\t")
    assert len(found) == len(text)


def test_what_would_steer_is_shown_as_a_picture() -> None:
    found = escape.visible("a\x1b[2J\x07\r\x7f\x9b5m\u202eb\ud800\n\tü")
    assert found == "a␛[2J␇␍␡\N{REPLACEMENT CHARACTER}5m\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}\n\tü"


@given(ANY_TEXT)
def test_json_means_the_same_and_steers_nothing(text: str) -> None:
    found = escape.json_text(json.dumps({text: [text]}, ensure_ascii=False, indent=2))
    assert json.loads(found) == {text: [text]}
    assert escape.visible(found) == found


def test_json_escapes_only_what_steers() -> None:
    assert escape.json_text('"ü\x9b\x7f\u202e"') == '"ü\\u009b\\u007f\\u202e"'
