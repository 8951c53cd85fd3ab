from __future__ import annotations

import re
from xml.etree import ElementTree

from provbench.results.figures import inline_svg, new_figure
from provbench.results.figures.style import PALETTE


def drawn(title: str = "t", name: str = "birds", label: str = "x") -> str:
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], color=PALETTE[0], marker="o", label=label)
    axes.plot([0, 1], [1, 0], color=PALETTE[6])
    axes.legend()
    return inline_svg(figure, name, title)


def test_it_is_one_well_formed_element_that_fits_any_width() -> None:
    document = ElementTree.fromstring(drawn())
    assert "viewBox" in document.attrib
    assert not {"width", "height"} & set(document.attrib)


def test_colours_are_the_page_s() -> None:
    svg = drawn()
    assert "var(--tone-0)" in svg
    assert "currentColor" in svg
    assert not re.search(r"stroke: #(0072b2|000000)", svg)
    assert "#ffffff" not in svg.split("legend_1")[0]  # no background


def test_ids_of_two_figures_do_not_meet() -> None:
    one, other = (set(re.findall(r'\bid="([^"]*)"', drawn(name=name))) for name in ("one", "other"))
    assert one
    assert not one & other


def test_references_lead_to_its_own_ids() -> None:
    svg = drawn()
    ids = set(re.findall(r'\bid="([^"]*)"', svg))
    references = set(re.findall(r'href="#([^"]*)"', svg)) | set(re.findall(r"url\(#([^)]*)\)", svg))
    assert references
    assert references <= ids


def test_names_are_text_even_if_they_look_like_colours_or_ids() -> None:
    hostile = '"><script>alert(1)</script> #000000 id="x" url(#y)'
    svg = drawn(title=hostile, label=hostile)
    document = ElementTree.fromstring(svg)
    assert document.attrib["aria-label"] == hostile
    assert hostile in [element.text for element in document.iter() if element.tag.endswith("text")]
    assert "<script" not in svg


def test_it_says_nothing_of_where_and_when_it_was_made() -> None:
    assert "metadata" not in drawn()
