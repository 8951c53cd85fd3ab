"""Splits that are drawn: stratified, stable, and kept in a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from provbench.benchmarks.own_images.items import Item
from provbench.benchmarks.own_images.splitting import Draw, drawn_splits, with_splits, write_drawn
from provbench.registry import UserError

DRAW = Draw(0.15, 0.2, 0)


def images(root: Path, counts: dict[str, int], split: str | None = None, group: int = 0) -> list[Item]:
    """Items whose files have contents of their own. group: every so many-th is `far`; 0: no groups."""
    items = []
    for label, count in counts.items():
        for number in range(count):
            name = f"{split or 'all'}-{label}{number:03d}.jpg"
            (root / name).write_text(name)
            far = "far" if group and number % group == 0 else "near"
            items.append(Item(name, label, f"{root / name}", split, far if group else ""))  # pyright: ignore[reportArgumentType]
    return items


def test_each_class_is_split_by_the_shares(tmp_path: Path) -> None:
    items = images(tmp_path, {"cat": 40, "dog": 20, "fox": 3})
    splits = drawn_splits(tmp_path, items, DRAW).splits

    assert Counter((item.label, splits[item.file]) for item in items) == {
        ("cat", "train"): 26, ("cat", "val"): 6, ("cat", "test"): 8,
        ("dog", "train"): 13, ("dog", "val"): 3, ("dog", "test"): 4,
        ("fox", "train"): 1, ("fox", "val"): 1, ("fox", "test"): 1,
    }  # fmt: skip


def test_groups_have_their_share_of_each_split(tmp_path: Path) -> None:
    items = images(tmp_path, {"cat": 100}, group=5)
    splits = drawn_splits(tmp_path, items, Draw(0.1, 0.2, 3)).splits
    far = Counter(splits[item.file] for item in items if item.group == "far")

    assert far == {"train": 14, "val": 2, "test": 4}


def test_missing_splits_are_drawn_from_train_and_given_ones_stay(tmp_path: Path) -> None:
    train, test = images(tmp_path, {"cat": 20}, "train"), images(tmp_path, {"cat": 5}, "test")
    drawn = drawn_splits(tmp_path, [*train, *test], DRAW)
    whole = with_splits([*train, *test], drawn.splits)

    assert Counter(item.split for item in whole) == {"train": 17, "val": 3, "test": 5}
    assert set(drawn.splits) == {item.file for item in train}


def test_seeds_draw_other_splits_and_one_seed_the_same(tmp_path: Path) -> None:
    items = images(tmp_path, {"cat": 30})
    draws = [drawn_splits(tmp_path, items, replace(DRAW, seed=seed)).splits for seed in (0, 0, 1)]

    assert draws[0] == draws[1] != draws[2]
    assert drawn_splits(tmp_path, items[::-1], DRAW).splits == draws[0]


def test_images_of_one_content_stay_together(tmp_path: Path) -> None:
    items = images(tmp_path, {"cat": 12})
    copies = []
    for item in items:
        copy = f"copy-{item.file}"
        (tmp_path / copy).write_bytes((tmp_path / item.file).read_bytes())
        copies.append(replace(item, file=copy))
    splits = drawn_splits(tmp_path, [*items, *copies], DRAW).splits

    assert all(splits[item.file] == splits[f"copy-{item.file}"] for item in items)


def test_the_file_is_written_once_and_read_again(tmp_path: Path) -> None:
    items = images(tmp_path, {"cat": 20})
    drawn = drawn_splits(tmp_path, items, DRAW)
    path = write_drawn(tmp_path, drawn, DRAW)
    again = drawn_splits(tmp_path, items, DRAW)

    assert (again.path, again.splits, again.digests) == (path, drawn.splits, drawn.digests)
    swapped = path.read_text().replace(",train,", ",,").replace(",test,", ",train,").replace(",,", ",test,")
    path.write_text(swapped)
    theirs = drawn_splits(tmp_path, items, DRAW)
    assert Counter(theirs.splits.values())["test"] == Counter(drawn.splits.values())["train"]
    assert write_drawn(tmp_path, theirs, DRAW) == path
    assert path.read_text() == swapped


def test_a_file_of_other_images_is_refused(tmp_path: Path) -> None:
    items = images(tmp_path, {"cat": 10})
    path = write_drawn(tmp_path, drawn_splits(tmp_path, items, DRAW), DRAW)

    with pytest.raises(UserError, match=r"has no split of new.jpg: restore it, or delete it"):
        drawn_splits(tmp_path, [*items, replace(items[0], file="new.jpg")], DRAW)
    with pytest.raises(UserError, match=r"has a split of all-cat000.jpg and 1 more, which is not there"):
        drawn_splits(tmp_path, items[2:], DRAW)
    path.write_text("file,split,sha256\nall-cat000.jpg,tarin,0\n")
    with pytest.raises(UserError, match=r"csv:2: expected a row file,split,sha256"):
        drawn_splits(tmp_path, items, DRAW)


def test_a_class_with_too_few_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="class 'dog' has only 2 different images, and one each is needed for train, val, test"
    ):
        drawn_splits(tmp_path, images(tmp_path, {"cat": 9, "dog": 2}), DRAW)
