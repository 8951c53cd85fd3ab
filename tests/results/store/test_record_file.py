from __future__ import annotations

import hashlib
import json
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from provbench.registry import UserError
from provbench.results import Store
from provbench.results.store.record import MAX_METRIC, SCHEMA_VERSION
from provbench.results.store.record_file import DamagedError, decode, encode

PATH = Path("records/aa/aa00.json")
HISTORIC = Path(__file__).parent / "historic"

values = st.floats(-MAX_METRIC, MAX_METRIC) | st.sampled_from([nan, inf, -inf])
metrics = st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=3)
entries = st.builds(lambda found, epoch: {**found, "epoch": epoch}, metrics, st.integers(0, 2**53))
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64) + 1, 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
per_example = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@per_example
@given(val=metrics, curve=st.lists(entries, max_size=3), parameters=st.dictionaries(st.text(max_size=8), plain))
def test_what_is_decoded_is_what_was_encoded(make_record, val: dict, curve: list, parameters: dict) -> None:
    record = make_record(val=val, curve=curve, parameters=parameters)
    data = encode(record)
    # as JSON, since NaN is not equal to itself
    assert json.loads(decode(data, PATH).model_dump_json()) == json.loads(record.model_dump_json())
    assert encode(decode(data, PATH)) == data


@per_example
@given(st.data())
def test_any_changed_byte_is_noticed(make_record, data: st.DataObject) -> None:
    content = bytearray(encode(make_record()))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedError):
        decode(bytes(content), PATH)


@per_example
@given(st.data())
def test_any_torn_file_is_noticed(make_record, data: st.DataObject) -> None:
    content = encode(make_record())
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DamagedError):
        decode(content[:end], PATH)


def test_the_file_is_json_that_carries_its_checksum(make_record) -> None:
    data = encode(make_record())
    content = json.loads(data)
    _, rest = data.split(b"\n", 1)
    assert content["record"]["test"] == {"accuracy": 71.5}
    assert content["curve"][1] == {"epoch": 2.0, "loss": 0.5}
    assert content["sha256"] == hashlib.sha256(rest).hexdigest()
    assert rest.split(b"\n")[1] == b'"curve":[{"epoch":1.0,"loss":0.7},{"epoch":2.0,"loss":0.5}]}'


def test_a_copy_under_another_name_is_damaged(make_record) -> None:
    with pytest.raises(DamagedError, match="another run, aa00"):
        decode(encode(make_record()), Path("records/aa/aa01.json"))


def _signed(record: dict, curve: list) -> bytes:
    body = f'"record":{json.dumps(record)},\n"curve":{json.dumps(curve)}}}\n'.encode()
    return b'{"sha256":"%s",\n' % hashlib.sha256(body).hexdigest().encode() + body


def test_a_newer_schema_is_the_users_to_mend(make_record) -> None:
    content = json.loads(encode(make_record()))
    newer = {**content["record"], "schema_version": SCHEMA_VERSION + 1, "hue": "blue"}
    with pytest.raises(UserError, match=r"records/aa/aa00.json: written by a newer provbench .* Update provbench"):
        decode(_signed(newer, []), PATH)


def test_a_signed_file_that_is_no_record_names_the_field(make_record) -> None:
    content = json.loads(encode(make_record()))
    with pytest.raises(UserError, match=r"aa00.json: status: .*'finished'"):
        decode(_signed({**content["record"], "status": "finished"}, []), PATH)


@pytest.mark.parametrize("body", [b"no JSON,\n", b"[],\n", b'{"schema_version":"new"},\n', b""])
def test_a_signed_file_of_something_else_is_the_users_to_mend(body: bytes) -> None:
    data = b'{"sha256":"%s",\n' % hashlib.sha256(body).hexdigest().encode() + body
    with pytest.raises(UserError, match=r"aa00.json: "):
        decode(data, PATH)


@pytest.mark.parametrize("path", sorted(HISTORIC.glob("*/*.json")), ids=lambda path: path.parent.name)
def test_records_of_old_versions_can_still_be_read(path: Path) -> None:
    record = decode(path.read_bytes(), path)
    assert record.test == {"accuracy": 71.5, "worst-group": pytest.approx(float("nan"), nan_ok=True)}
    assert record.key == "aa00"
    assert record.curve[-1]["accuracy"] == 80.25


@pytest.mark.parametrize("path", sorted(HISTORIC.glob("*/*.json")), ids=lambda path: path.parent.name)
def test_records_of_old_versions_are_in_the_tables(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "records" / "aa" / path.name
    target.parent.mkdir(parents=True)
    target.write_bytes(path.read_bytes())
    for _ in range(2):
        (summary,) = Store(tmp_path).summaries()
        assert summary.method == "cutmix+guidance"
        assert summary.parameters["gradient-guidance.mask"] == "provenance"


def test_there_are_records_of_old_versions() -> None:
    assert {path.name for path in HISTORIC.iterdir()} == {f"v{version + 1}" for version in range(SCHEMA_VERSION)}
