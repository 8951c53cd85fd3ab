"""Rows of large tables as markup: text stays text."""

from __future__ import annotations

from provbench.results.report.rows import number_rows, pair_rows, text_rows


def test_fields_are_escaped_and_rows_end() -> None:
    found = text_rows([["<b>", "yes"], ["a\x1fb\x1ec", "no & yes"]])
    assert found == ('<tr><td>&lt;b&gt;</td><td class="yes">yes</td></tr>\n<tr><td>ab c</td><td>no &amp; yes</td></tr>')


def test_numbers_and_nothing() -> None:
    assert number_rows([["1", "–"]]) == '<tr><td class="number">1</td><td class="number">–</td></tr>'
    assert number_rows([]) == ""


def test_names_have_their_values() -> None:
    assert pair_rows([("a<", "1"), ("b", "")]).splitlines() == [
        '<tr><th scope="row"><code>a&lt;</code></th><td>1</td></tr>',
        '<tr><th scope="row"><code>b</code></th><td></td></tr>',
    ]
