from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError


def test_a_search_has_no_test_metrics(make_record) -> None:
    with pytest.raises(ValidationError, match="no test metrics"):
        make_record(phase="search", test={"accuracy": 71.5})
    with pytest.raises(ValidationError, match="no test predictions"):
        make_record(phase="search", predictions={"test": {"id": np.array(["a"])}})


def test_parameters_are_what_the_store_gives_back(make_record) -> None:
    record = make_record(parameters={"sizes": (1, (2, 3)), "lr": np.float64(0.1), "none": None})
    assert record.parameters == {"sizes": [1, [2, 3]], "lr": 0.1, "none": None}
    assert type(record.parameters["lr"]) is float


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), np.int64(3), {1, 2}])
def test_parameters_that_json_does_not_know_are_refused(make_record, value: object) -> None:
    with pytest.raises(ValidationError, match=r"parameters\['lr'\]: .* is not a JSON value"):
        make_record(parameters={"lr": value})


@pytest.mark.parametrize("key", ["", "a", "../../etc/passwd", "a/b", ".hidden", "a.b", "x" * 101])
def test_a_key_names_files(make_record, key: str) -> None:
    with pytest.raises(ValidationError, match="key"):
        make_record(key)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ({"test": {"id": np.array(["a"]), "boxes": np.array([[1], [2]])}}, "one row a sample"),
        ({"test": {"boxes": np.array([[1], None], dtype=object)}}, "array of numbers"),
        ({"test": {"score": np.float64(3.0)}}, "array of numbers"),
        ({"test": {"score": [1.0, 2.0]}}, "array of numbers"),
        ({"../test": {"score": np.zeros(2)}}, "letters only"),
    ],
)
def test_predictions_that_cannot_be_stored_are_refused(make_record, predictions: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_record(predictions=predictions)
