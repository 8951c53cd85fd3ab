"""The site in a real browser: what a reader clicks on works, nothing complains, and nothing is fetched from outside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from provbench.results.report import write_site
from provbench.results.statistics import mcnemar_test

from .conftest import CLIMBING, HOSTILE, QUOTED, MakeReport

pytestmark = pytest.mark.slow

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def site(make_report: MakeReport, tmp_path: Path) -> Path:
    return write_site(make_report(), tmp_path / "site").index.parent


class Tab:
    """A page of the site, and everything that must not happen there."""

    def __init__(self, browser: Any, site: Path, **options: Any) -> None:
        self.site, self.context = site, browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", self._requested)

    def open(self, path: str) -> Any:
        self.page.goto(f"{self.site.as_uri()}/{path}")
        return self.page

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # by leaving the page before it was read
            self.complaints.append(f"not found: {request.url}")

    def _requested(self, request: Any) -> None:
        if not request.url.startswith(self.site.as_uri()):
            self.complaints.append(f"outside: {request.url}")


@pytest.fixture
def tab(browser: Any, site: Path) -> Iterator[Tab]:
    tab = Tab(browser, site)
    yield tab
    tab.context.close()
    assert tab.complaints == []


def methods(page: Any) -> list[str]:
    """The rows that are shown, in their order."""
    rows = page.locator("#table--birds tbody tr:visible:not(.group) th")
    return [text.strip() for text in rows.all_inner_texts()]


def heads(page: Any) -> list[str]:
    texts = page.locator("#table--birds thead tr:last-child th:visible").all_inner_texts()
    return [text.strip() for text in texts]


def test_every_page_opens_without_a_complaint(tab: Tab) -> None:
    for path in sorted(tab.site.rglob("*.html")):
        tab.open(str(path.relative_to(tab.site)))
    assert tab.complaints == []


def test_every_page_opens_without_scripts(browser: Any, site: Path) -> None:
    tab = Tab(browser, site, java_script_enabled=False)
    page = tab.open("index.html")
    assert len(methods(page)) == 5
    assert not page.locator(".filter").first.is_visible()
    assert tab.open("compare.html").get_by_text("This page needs JavaScript").is_visible()
    tab.context.close()
    assert tab.complaints == []


def test_sorting_goes_up_down_and_back_within_groups(tab: Tab) -> None:
    page = tab.open("index.html")
    head = page.locator("#table--birds thead th", has_text="accuracy [%]").last
    original = ["baseline", "CutMix", HOSTILE, CLIMBING, QUOTED]
    assert methods(page) == original
    orders = [
        ("ascending", ["baseline", HOSTILE, CLIMBING, "CutMix", QUOTED]),
        ("descending", ["baseline", "CutMix", CLIMBING, HOSTILE, QUOTED]),  # what has no value stays last
        (None, original),
    ]
    for order, expected in orders:
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        assert methods(page) == expected


def test_sorting_by_keyboard_and_by_text(tab: Tab) -> None:
    page = tab.open("runs.html")
    column = page.locator("thead th", has_text="method")
    column.get_by_role("button").focus()
    orders = []
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
        orders.append(list(dict.fromkeys(page.locator("tbody tr td:nth-child(3)").all_inner_texts())))
    assert column.get_attribute("aria-sort") == "descending"
    assert orders[0][-2:] == ["baseline", "CutMix"]  # behind those that begin with no letter
    assert orders[1] == orders[0][::-1]


def test_another_column_takes_the_order_over(tab: Tab) -> None:
    page = tab.open("index.html")
    for name in ("accuracy", "loss"):
        page.locator("#table--birds thead tr:last-child").get_by_role("button", name=name).click()
    assert page.locator("#table--birds th[aria-sort]").count() == 1


def test_the_filter_keeps_rows_with_every_word(tab: Tab) -> None:
    page = tab.open("index.html")
    field = page.get_by_label("Filter the rows of Birds")
    field.fill("mixing cutm")
    assert methods(page) == ["CutMix"]
    assert page.locator("#table--birds .count").inner_text() == "1 of 5 rows"
    field.fill("no such thing")
    assert methods(page) == []
    field.fill("")
    assert len(methods(page)) == 5


def test_columns_hide_by_metric_and_by_kind_and_headings_shrink(tab: Tab) -> None:
    page = tab.open("index.html")
    assert heads(page) == ["method", "accuracy [%]", "p", "loss", "p"]
    page.locator("#table--birds .picker summary").click()
    page.get_by_role("checkbox", name="p", exact=True).uncheck()
    assert heads(page) == ["method", "accuracy [%]", "loss"]
    assert page.locator("#table--birds .spans th:visible").evaluate("th => th.colSpan") == 1
    page.get_by_role("checkbox", name="more is better accuracy").uncheck()
    assert heads(page) == ["method", "loss"]
    assert page.locator("#table--birds .spans th:visible").count() == 0
    page.get_by_role("checkbox", name="more is better accuracy").check()
    page.get_by_role("checkbox", name="p", exact=True).check()
    assert heads(page) == ["method", "accuracy [%]", "p", "loss", "p"]
    page.keyboard.press("Escape")
    assert not page.get_by_role("checkbox", name="p", exact=True).is_visible()


def test_a_number_leads_to_its_runs_and_a_run_back(tab: Tab) -> None:
    page = tab.open("index.html")
    page.locator("#table--birds td.value.better a").click()
    assert page.locator("h1").inner_text().startswith("CutMix")
    assert page.url.endswith("#column-1")
    page.locator("#column-1").get_by_role("link", name="71.10").click()
    assert page.locator("h1").inner_text().startswith("CutMix")
    assert page.url.endswith("runs/run11.html")
    page.get_by_role("link", name="Birds & <i>bees</i>: CutMix").click()
    page.get_by_role("link", name="Compare with baseline").click()
    page.locator("#counts tbody tr").first.wait_for()
    assert page.locator("select[name=column]").input_value() == "correct"


def background(page: Any) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_switch_turns_the_lights_off_on_every_page(tab: Tab) -> None:
    page = tab.open("index.html")
    light = background(page)
    switch = page.get_by_role("button", name="Dark")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    assert switch.get_attribute("aria-pressed") == "true"
    dark = background(page)
    assert dark != light
    page = tab.open("runs/run00.html")
    assert background(page) == dark
    page.get_by_role("button", name="Dark").click()
    assert background(tab.open("runs.html")) == light


def test_the_system_decides_until_the_switch_does(browser: Any, site: Path) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        tab = Tab(browser, site, color_scheme=scheme)
        page = tab.open("index.html")
        backgrounds.add(background(page))
        assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == str(scheme == "dark").lower()
        text = page.locator(".figure svg text").first
        assert text.evaluate("t => getComputedStyle(t).fill") == page.evaluate("getComputedStyle(document.body).color")
        tab.context.close()
    assert len(backgrounds) == 2


def test_a_narrow_screen_scrolls_tables_and_not_the_page(browser: Any, site: Path) -> None:
    tab = Tab(browser, site, viewport={"width": 360, "height": 700})
    for path in sorted(site.rglob("*.html")):
        page = tab.open(str(path.relative_to(site)))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    tab.context.close()


def seed_rows(page: Any) -> list[list[str]]:
    page.locator("#counts tbody tr").first.wait_for()
    rows = page.locator("#counts tbody tr").all()
    return [[text.strip() for text in row.locator("th, td").all_inner_texts()] for row in rows]


def test_two_methods_are_compared_seed_by_seed(tab: Tab, make_report: MakeReport) -> None:
    page = tab.open("compare.html#section=birds&a=cutmix%2Fval&b=baseline%2Fval&column=correct&seed=all")
    rows, report = seed_rows(page), make_report()
    for seed, row in enumerate(rows):
        ours, theirs = (report.samples(f"run{number}{seed}", "test") for number in (1, 0))
        assert ours is not None
        assert theirs is not None
        test = mcnemar_test(ours["correct"], theirs["correct"])
        both = int((ours["correct"] & theirs["correct"]).sum())
        wrong = 300 - both - test.only_ours - test.only_theirs
        assert test.p_value < 0.001
        assert row[:6] == [
            str(seed), str(both), str(test.only_ours), str(test.only_theirs), str(wrong), "< 0.001",
        ]  # fmt: skip


def test_samples_where_one_is_right_and_the_other_wrong(tab: Tab) -> None:
    page = tab.open("compare.html#section=birds&a=cutmix%2Fval&b=baseline%2Fval&column=correct&seed=0")
    assert len(seed_rows(page)) == 1
    assert page.locator("#samples tbody").inner_text().strip() == "There is none."
    page.get_by_text("B right more often").click()
    assert page.locator("#shown").inner_text() == "20 of 300 samples"
    first = page.locator("#samples tbody tr").first.locator("th, td").all_inner_texts()
    assert first[:4] == ["birds/b_285.jpg", "wrong", "right", "-1"]  # the one with pictures comes first
    pictures = page.locator("#samples tr.pictures img")
    assert [image.get_attribute("src") for image in pictures.all()] == [
        "pictures/run10/birds-b_285.png",
        "pictures/run00/birds-b_285.png",
    ]
    assert all(image.evaluate("i => i.complete && i.naturalWidth === 8") for image in pictures.all())
    page.get_by_role("button", name="Swap A and B").click()
    page.get_by_text("A right more often").click()
    assert page.locator("#shown").inner_text() == "20 of 300 samples"


def test_real_values_are_compared_by_their_differences(tab: Tab) -> None:
    page = tab.open("compare.html#section=birds&a=cutmix%2Fval&b=baseline%2Fval&column=overlap&seed=0")
    assert seed_rows(page)[0][3:6] == ["0", "20", "280"]
    page.locator("#which").get_by_text("B larger").click()
    differences = page.locator("#samples tbody tr:not(.pictures) td:nth-child(4)").all_inner_texts()
    values = [float(text) for text in differences]
    assert values == sorted(values)
    assert values[0] == -1.0


def test_all_seeds_together_say_how_many_are_right(tab: Tab) -> None:
    page = tab.open("compare.html#section=birds&a=cutmix%2Fval&b=baseline%2Fval&column=correct&seed=all")
    assert len(seed_rows(page)) == 3
    page.get_by_text("B right more often").click()
    texts = page.locator("#samples tbody tr:not(.pictures)").all_inner_texts()
    assert any("right in 1 of 3" in text for text in texts)


def test_choosing_changes_the_address_and_the_address_chooses(tab: Tab) -> None:
    page = tab.open("compare.html")
    seed_rows(page)
    page.locator("select[name=a]").select_option(label=HOSTILE)
    page.locator("select[name=b]").select_option(label=CLIMBING)
    page.locator("select[name=seed]").select_option("1")
    page.wait_for_function("new URLSearchParams(location.hash.slice(1)).get('seed') === '1'")
    again = Tab(page.context.browser, tab.site)
    again.page.goto(page.url)
    assert seed_rows(again.page) == seed_rows(page)
    assert again.page.locator("select[name=a] option:checked").inner_text() == HOSTILE
    again.context.close()
    assert again.complaints == []


def test_only_shared_seeds_can_be_chosen(tab: Tab) -> None:
    page = tab.open(f"compare.html#section=birds&a={quote(CLIMBING, safe='')}%2Fval&b=cutmix%2Fval")
    assert len(seed_rows(page)) == 2
    assert page.locator("select[name=seed] option").all_inner_texts() == ["all 2 shared seeds", "seed 0", "seed 1"]


def test_printed_it_is_dark_on_light_and_has_no_controls(browser: Any, site: Path) -> None:
    tab = Tab(browser, site, color_scheme="dark")
    page = tab.open("index.html")
    page.emulate_media(media="print", color_scheme="dark")
    assert background(page) == "rgb(255, 255, 255)"
    assert not page.locator(".tools").first.is_visible()
    assert len(methods(page)) == 5
    tab.context.close()
