"""ALIA's numbering of its training images, against pandas, which ALIA's code draws it with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from provbench.benchmarks.waterbirds.alia_order import alia_numbering
from provbench.benchmarks.waterbirds.data import Birds, apply_protocol, metadata_path, read_metadata


def by_pandas(names: list[str], seed: int) -> list[str]:
    """Each species shuffled by `sample` without a generator, as in ALIA's `get_subset`, and every fourth taken."""
    frame = pd.DataFrame({"name": names, "species": [name.split("/")[0] for name in names]})
    np.random.seed(seed)
    groups = [group.sample(n=len(group)) for _, group in frame.groupby("species")]
    return pd.concat(groups)["name"].tolist()[::4]


@pytest.fixture(scope="module")
def birds(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Birds]:
    """The official metadata in each protocol."""
    real, root = shared_data / "waterbirds" / "metadata.csv", tmp_path_factory.mktemp("waterbirds")
    if not real.is_file():
        pytest.skip("the real metadata of Waterbirds are not here")
    metadata_path(root).parent.mkdir()
    metadata_path(root).write_bytes(real.read_bytes())
    official = read_metadata(root)
    return {protocol: apply_protocol(official, protocol) for protocol in ("original", "alia", "alia-seed-0")}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_the_order_that_pandas_draws(birds: dict[str, Birds], seed: int) -> None:
    names = [bird.id for bird in birds["original"].train if bird.majority]
    assert list(alia_numbering(names, seed)) == by_pandas(names, seed)


def test_species_in_any_order_of_the_file() -> None:
    names = [f"{species}/{number}" for number in range(9) for species in ("010.B", "002.A", "2.C")]
    assert list(alia_numbering(names)) == by_pandas(names, 0)


def test_the_protocol_trains_on_these_in_this_order(birds: dict[str, Birds]) -> None:
    own, plain = birds["alia-seed-0"], birds["alia"]
    assert [bird.id for bird in own.train] == by_pandas([b.id for b in birds["original"].train if b.majority], 0)
    assert (own.val, own.test, own.extra) == (plain.val, plain.test, plain.extra)
    assert len(own.train) == len(plain.train) == 1139
    assert len({bird.id for bird in own.train} & {bird.id for bird in plain.train}) == 279
