from __future__ import annotations

import warnings
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provbench.results.figures import figure_signature, figure_title, new_figure, save_figure
from provbench.results.figures.style import MOST_INSIDE, add_legend, plain, set_titles

pytestmark = pytest.mark.filterwarnings("error")

NAMES = ["$x", "_hidden", "<b>", "a\x07b", "鳥", "50% $\\alpha$", "$" * 200]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_drawn_as_it_is(tmp_path: Path, name: str) -> None:
    figure, axes = new_figure()
    (line,) = axes.plot([0, 1], [0, 1])
    add_legend(figure, axes, {name: line})
    set_titles(axes, name, name, "title")
    svg, png = save_figure(figure, tmp_path / "f")
    texts = [element.text or "" for element in ElementTree.parse(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert name.replace("\x07", " ") in texts or f"{name[:47]}…" in texts
    assert png.read_bytes().startswith(b"\x89PNG")


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    def draw(folder: str) -> list[bytes]:
        figure, axes = new_figure()
        axes.plot([0, 1], [0, 1], label="x")
        axes.fill_between([0, 1], [0, 0], [1, 1])
        return [file.read_bytes() for file in save_figure(figure, tmp_path / folder / "f")]

    assert draw("one") == draw("two")


def test_many_labels_stand_beside_the_axes() -> None:
    for count in (MOST_INSIDE, MOST_INSIDE + 1):
        figure, axes = new_figure()
        add_legend(figure, axes, {f"m{i}": axes.plot([0, 1])[0] for i in range(count)})
        assert (axes.get_legend() is not None, len(figure.legends)) == (count == MOST_INSIDE, int(count > MOST_INSIDE))


def test_no_labels_no_legend() -> None:
    figure, axes = new_figure()
    with warnings.catch_warnings():
        add_legend(figure, axes, {})
    assert axes.get_legend() is None


def test_a_long_title_is_on_several_lines_and_still_one_title() -> None:
    figure, axes = new_figure()
    title = "Weakly supervised object localisation: input gradient outside of the target, $ in the budget"
    set_titles(axes, "x", "y", title)
    assert "\n" in axes.get_title()
    assert figure_title(figure) == title


def test_the_title_of_a_whole_figure() -> None:
    figure, _ = new_figure()
    assert figure_title(figure) == ""
    figure.suptitle("Ranks")
    assert figure_title(figure) == "Ranks"


def test_plain_text_is_no_formula() -> None:
    assert plain("$a$\n") == r"\$a\$ "
    assert plain("$$$$", 3) == r"\$\$…"


def test_the_signature_tells_what_a_figure_shows() -> None:
    def drawn(last: float = 2.0, title: str = "t", colour: str = "#000000") -> str:
        figure, axes = new_figure()
        (line,) = axes.plot([0, 1], [1.0, last], color=colour)
        axes.fill_between([0, 1], [0, 0], [1.0, last])
        set_titles(axes, "x", "y", title)
        add_legend(figure, axes, {"a": line})
        return figure_signature(figure)

    assert drawn() == drawn()
    assert len({drawn(), drawn(2.0001), drawn(title="u"), drawn(colour="#000001")}) == 4
