from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.registry import MissingDataError, UserError
from provbench.registry.base import load_pickle
from provbench.registry.base.plain_pickle import RefusalError, packed, read_plain, unpacked

VALUES: dict[str, Any] = {
    "numbers": [0, -1, 255, 70000, 2**70, -(2**40), 1.5, True, False, None],
    "texts": ("", "word", "ü€", b"", b"\x00\xff", ["nested", ["deeper", {}]]),
    "sets": [{1, 2}, frozenset({"a"})],
    "scalars": [np.uint8(200), np.float32(0.5), np.float64(2), np.int16(-3), np.bool_(True), np.str_("hé")],
    "arrays": [
        np.arange(6, dtype=np.float16).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.zeros((0, 4), dtype=np.uint16),
        np.array(7, dtype=np.uint8),
        np.array(["ab", "c"]),
        np.array([b"ab", b"c"]),
        np.zeros(5000, dtype=np.uint8),
        np.array([True, False]),
    ],
}

GLOBAL_SYSTEM = b"cposix\nsystem\n"
CALLED = Path("called-by-a-pickle")


class Calls:
    """What a hostile pickle is made of: unpickling it calls `function`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.pkl"


def read(file: Path, content: bytes, **options: Any) -> Any:
    file.write_bytes(content)
    return load_pickle(file, **options)


def refusal(file: Path, content: bytes, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(file, content, **options)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    return message


def refused_here(content: bytes) -> None:
    """As `refusal`, in this process, which is quicker."""
    with pytest.raises(RefusalError):
        packed(read_plain(io.BytesIO(content), len(content), "latin1"))


def array_pickle(*, dtype: bytes = b"u1", shape: bytes = b"K\x02\x85", content: bytes = b"ab") -> bytes:
    """An array as Python 2 writes it, in protocol 2."""
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
    dtype = b"cnumpy\ndtype\n(U" + bytes([len(dtype)]) + dtype + b"K\x00K\x01tR"
    order = b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return b"\x80\x02" + made + b"(K\x01" + shape + dtype + order + b"\x89U" + bytes([len(content)]) + content + b"tb."


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_gives_what_python_reads(file: Path, protocol: int) -> None:
    found = read(file, pickle.dumps(VALUES, protocol))

    for name in ("numbers", "texts", "sets"):
        assert found[name] == VALUES[name]
        assert [type(value) for value in found[name]] == [type(value) for value in VALUES[name]]
    assert found["scalars"] == [200, 0.5, 2, -3, True, "hé"]
    assert {type(value) for value in found["scalars"]} == {int, float, bool, str}
    for value, expected in zip(found["arrays"], VALUES["arrays"], strict=True):
        assert type(value) is np.ndarray
        assert value.dtype == expected.dtype
        assert value.flags.f_contiguous == expected.flags.f_contiguous
        np.testing.assert_array_equal(value, expected)


def test_repeated_objects_are_one_object(file: Path) -> None:
    shared = [np.arange(3)]
    one, other = read(file, pickle.dumps([shared, shared]))

    assert one is other


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_both_names_of_numpys_core_are_known(file: Path, module: str) -> None:
    content = pickle.dumps(np.arange(3), protocol=2)
    for spelling in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        content = content.replace(spelling + b"\n", module.encode() + b"\n")

    assert read(file, content).tolist() == [0, 1, 2]


def test_pickles_of_python_2_in_either_encoding(file: Path) -> None:
    """Its strings are bytes; array contents are such strings, too."""
    text = b"\x80\x02}U\x03k\xe9yU\x01\xffs."

    assert read(file, text) == {"kéy": "ÿ"}
    assert read(file, text, encoding="bytes") == {b"k\xe9y": b"\xff"}
    assert read(file, b"(dp0\nS'k\\xe9y'\np1\nI01\ns.") == {"kéy": True}
    for encoding in ("latin1", "bytes"):
        assert read(file, array_pickle(content=b"\x00\xff"), encoding=encoding).tolist() == [0, 255]


def test_the_real_file_is_read_as_python_reads_it(shared_data: Path) -> None:
    path = shared_data / "ucf101_24" / "pyannot.pkl"
    found = load_pickle(path)
    expected = pickle.loads(path.read_bytes())  # the file lies in this test's own hands

    assert list(found) == list(expected)
    for video, entry in expected.items():
        own = found[video]
        assert (own["numf"], own["label"]) == (entry["numf"], entry["label"])
        assert type(own["numf"]) is int
        for tube, wanted in zip(own["annotations"], entry["annotations"], strict=True):
            assert (tube["sf"], tube["ef"], tube["label"]) == (wanted["sf"], wanted["ef"], wanted["label"])
            assert tube["boxes"].dtype == wanted["boxes"].dtype
            np.testing.assert_array_equal(tube["boxes"], wanted["boxes"])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("function", "argument", "name"),
    [
        (os.system, f"touch {CALLED}", "posix system"),
        (subprocess.check_call, ["touch", str(CALLED)], "subprocess check_call"),
        (eval, f"open('{CALLED}', 'w')", "builtins eval"),
        (getattr, "x", "builtins getattr"),
        (io.open, str(CALLED), f"{io.open.__module__} open"),  # _io in Python 3.13
    ],
)
def test_nothing_that_a_pickle_names_is_called(
    file: Path, monkeypatch: pytest.MonkeyPatch, protocol: int, function: Any, argument: Any, name: str
) -> None:
    monkeypatch.chdir(file.parent)
    content = pickle.dumps({"x": Calls(function, argument)}, protocol, fix_imports=False)

    message = refusal(file, content)

    module, _, attribute = name.partition(" ")
    assert f"the global {module}.{attribute} is refused" in message
    assert not CALLED.exists()


def test_refused_globals_are_named(file: Path) -> None:
    assert refusal(file, b"\x80\x02]" + GLOBAL_SYSTEM + b"U\x02ls\x85Ra.") == (
        f"{file}: the global posix.system is refused: only numpy arrays, dtypes and scalars are read"
    )
    assert "the global posix.system is refused" in refusal(file, b"(U\x02lsiposix\nsystem\n.")
    assert "numpy.core.multiarray.fromfile is refused" in refusal(file, b"cnumpy.core.multiarray\nfromfile\n.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Pperson\n.", "a persistent id is refused"),
        (b"U\x01aQ.", "a persistent id is refused"),
        (b"\x80\x02\x82\x01.", "unregistered extension code 1"),
        (b"\x80\x05\x97.", "out-of-band data"),
        (b"cnumpy\nndarray\n)\x81.", "NEWOBJ class argument"),
        (b"(cnumpy\nndarray\no.", "a call of numpy.ndarray is refused"),
        (b"cnumpy\nndarray\n)R.", "a call of numpy.ndarray is refused"),
        (b"U\x01a)R.", "'str' object is not callable"),
        (b"cnumpy\ndtype\n}b.", "setting the state of numpy.dtype is refused"),
        (b"}}b.", "'dict' object has no attribute"),
        (b"cnumpy\ndtype\n(U\x01OtR.", "arrays of dtype 'O' are refused"),
        (b"cnumpy\ndtype\n(U\x02S0tR.", "arrays of dtype 'S0' are refused"),
        (b"cnumpy\ndtype\n(U\x05f4,f4tR.", "arrays of dtype 'f4,f4' are refused"),
        (b"}(]I1\nu.", "unhashable type: 'list'"),
        (b"c_codecs\nencode\n(X\x01\x00\x00\x00aU\x03hextR.", "only latin1 text can stand for bytes"),
        (
            array_pickle(shape=b"J\xff\xff\xff\x7f\x85"),
            r"an array \(2147483647,\) of uint8 has 2147483647 bytes .got 2.",
        ),
        (array_pickle(shape=b"J\xff\xff\xff\xff\x85"), "an array's shape must be whole numbers"),
        (array_pickle(content=b"a"), r"an array \(2,\) of uint8 has 2 bytes .got 1."),
    ],
)
def test_what_data_do_not_need_is_refused(file: Path, content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(file, content)


def test_one_piece_of_data_cannot_become_many_arrays(file: Path) -> None:
    """Contents that are memorised once and used a hundred times would take a hundred times the file's memory."""
    parts = array_pickle(content=b"x" * 200, shape=b"K\xc8\x85")[2:-1]
    text = b"X\xe8\x03\x00\x00" + b"x" * 1000 + b"q\x010" + (b"c_codecs\nencode\n(h\x01U\x06latin1tR0" * 100)

    assert "more memory than the file has bytes" in refusal(file, b"\x80\x02" + text + parts + b".")


@pytest.mark.parametrize("copy", [b"c__builtin__\nset\n", b"c__builtin__\nfrozenset\n", b"ccollections\nOrderedDict\n"])
def test_one_list_cannot_become_many_containers(file: Path, copy: bytes) -> None:
    pairs = b"OrderedDict" in copy
    members = b"".join((b"K%cK\x00\x86" if pairs else b"K%c") % number for number in range(200))
    listed = b"\x80\x02](" + members + b"eq\x000" + copy + b"q\x010"

    assert len(read(file, listed + b"h\x01h\x00\x85R.")) == 200
    assert "more memory than the file has bytes" in refusal(file, listed + b"h\x01h\x00\x85R" * 100 + b".")


def test_containers_that_hold_each_other_a_billion_times_are_as_small_as_their_file(file: Path) -> None:
    layers = b"]q\x00" + b"".join(b"](" + bytes([ord("h"), n]) * 10 + b"eq" + bytes([n + 1]) for n in range(60))

    found = read(file, b"\x80\x02" + layers + b".")

    assert len(found) == 10
    assert "'list' object is not callable" in refusal(file, b"\x80\x02" + layers + b")R.")


def test_deeply_nested_keys_do_not_overflow_the_stack(file: Path) -> None:
    """They overflow that of the process that reads them, which is another one."""
    assert "damaged, nested too deeply, or no data" in refusal(file, b"})" + b"\x85" * 200_000 + b"Ns.")
    assert "nested too deeply" in refusal(file, b")" + b"\x85" * 200_000 + b".")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02r\xff\xff\xff\xff.",
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"x.",
        b"\x80\x04\x8d" + struct.pack("<Q", (1 << 64) - 1) + b"x.",
        b"B\xff\xff\xff\xffx.",
    ],
)
def test_numbers_that_promise_gigabytes_allocate_nothing(file: Path, content: bytes) -> None:
    assert "damaged" in refusal(file, content)


def test_a_large_memo_key_gets_no_gigabytes(file: Path) -> None:
    assert "it asks for more memory than data of its size take" in refusal(file, b"\x80\x02K\x01r\xff\xff\xff\xff.")
    assert read(file, b"\x80\x02K\x01r\xff\x00\x00\x00.") == 1


def test_what_the_child_sends_can_name_nothing() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"posix\.system is refused"):
        unpacked(b"\x80\x02]" + GLOBAL_SYSTEM + b"U\x02ls\x85Ra.", [])
    value = {"a": [np.asfortranarray(np.ones((2, 3)))]}
    content, buffers = packed(read_plain(io.BytesIO(pickle.dumps(value)), 1000, "latin1"))
    (found,) = unpacked(content, [bytes(buffer.raw()) for buffer in buffers])["a"]
    np.testing.assert_array_equal(found, value["a"][0])


def test_files_that_are_no_pickles_say_so(file: Path) -> None:
    assert refusal(file, b"").endswith("not a pickle, truncated or damaged (Ran out of input)")
    assert "not a pickle, truncated or damaged (invalid load key" in refusal(file, b"\x89HDF\r\n")
    assert "not a pickle, truncated or damaged" in refusal(file, b"a.")
    assert "expected a pickle of at most 3 bytes (got 5)" in refusal(file, b"\x80\x02K\x01.", max_bytes=3)
    with pytest.raises(MissingDataError, match=r"nowhere\.pkl: no such file"):
        load_pickle(file.with_name("nowhere.pkl"))
    with pytest.raises(UserError, match="cannot be read"):
        load_pickle(file.parent)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_cut_anywhere_is_refused(file: Path, protocol: int) -> None:
    content = pickle.dumps({"a": [np.arange(4, dtype=np.uint8), "word", 300, np.float32(1)]}, protocol)
    for length in range(len(content)):
        refused_here(content[:length])
    refusal(file, content[:-1])


@settings(max_examples=150)
@given(st.data())
def test_damage_is_an_error_of_the_users_or_another_value(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(pickle.dumps(VALUES, data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / "damaged.pkl"
    file.write_bytes(content)
    with suppress(UserError):
        load_pickle(file)
