"""The code of plugins: in keys by its version, in records by its digest, and never half a run by each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provbench.registry import AUGMENTATIONS, MODELS, TASKS
from provbench.results.store.record import PluginCode, RunRecord
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.plugin_code import CODE_FILE, code_notes, code_of, keep_to_code, other_code
from provbench.suites.planning.spec import Place, RunSpec
from provbench.suites.running.execution import execute
from provbench.suites.showing.replays import spec_of

from ..conftest import TOY

NETWORK = TOY.replace("train_size: 32", "train_size: 32, model: versioned")
MINE = PluginCode(version="1", origin="my_plugins.py", file="my_plugins.py", sha256="a" * 64)


class Versioned:
    """Stands for a network; the toy task builds its own."""


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Versioned]]:
    monkeypatch.setattr(MODELS, "_entries", dict(MODELS._entries))
    MODELS.add("versioned", Versioned, origin="nets.py")
    yield Versioned
    if hasattr(Versioned, "version"):
        del Versioned.version  # pyright: ignore[reportAttributeAccessIssue]


def spec_in(plan: Plan) -> RunSpec:
    return plan.cells[0].spec(0, "final", "toy-32")


def test_the_version_of_a_model_is_part_of_the_key_but_for_the_first(
    make: Callable[..., Plan], model: type[Versioned], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = spec_in(make(NETWORK))
    assert "network_version" not in first.identity()
    monkeypatch.setattr(model, "version", "1", raising=False)
    assert spec_in(make(NETWORK)).key == first.key
    monkeypatch.setattr(model, "version", "2", raising=False)
    second = spec_in(make(NETWORK))
    assert second.identity()["network_version"] == "2"
    assert second.key != first.key


def test_a_record_names_the_code_and_its_replay_wants_the_same_version(
    make: Callable[..., Plan], model: type[Versioned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "version", "2", raising=False)
    record = execute(spec_in(make(NETWORK)), Place(data_root=tmp_path, work_root=tmp_path / "work"))
    assert record.plugins == code_of(spec_in(make(NETWORK)))
    assert record.plugins["model versioned"].origin == "nets.py"
    assert record.plugins["task toy"].file == "toy.py"
    assert spec_of(record).key == record.key
    monkeypatch.setattr(model, "version", "3")
    with pytest.raises(Exception, match="was run with version 2 of model 'versioned', and here is version 3"):
        spec_of(record)


def test_so_does_it_the_augmentation_that_measures_gradients(
    make: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "augmentation cutmix" not in code_of(spec_in(make()))
    monkeypatch.setattr(TASKS.get("toy"), "probe", "cutmix")
    code = code_of(spec_in(make()))["augmentation cutmix"]
    assert code.version == AUGMENTATIONS.get("cutmix").version
    off = make(TOY.replace("train_size: 32", "train_size: 32, gradient_probe: 0"))
    assert "augmentation cutmix" not in code_of(spec_in(off))


def record_of(make: Callable[..., Plan], key: str = "aa00", **fields: object) -> RunRecord:
    spec = spec_in(make())
    plain = {"key": key, "suite": "toy", "task": "toy", "variant": "mini", "method": "mine", "seed": 0}
    rest = {"phase": "final", "status": "done", "parameters": {}, "identity": spec.identity()}
    return RunRecord.model_validate({**plain, **rest, **fields})


def test_what_was_made_by_other_code_is_told_with_its_remedy(make: Callable[..., Plan]) -> None:
    plugins = {"task toy": MINE, "augmentation cutmix": MINE.model_copy(update={"origin": "provbench"})}
    records = [record_of(make, key, plugins=plugins) for key in ("aa00", "aa01")]
    trials = [record_of(make, "aa02", plugins=plugins, phase="search")]
    assert code_notes(other_code([*records, *records, *trials])) == [
        "2 records were made by another my_plugins.py, which was changed since: `provbench run` with --rerun 'mine' "
        "makes them again.",
        "1 record of trials was made by another my_plugins.py, which was changed since: raise the version in it to "
        "search again.",
    ]


@pytest.mark.parametrize(
    "plugins",
    [
        {},  # a record from before
        {"augmentation no-longer-here": MINE},
        {"task toy": MINE.model_copy(update={"sha256": ""})},
        {"augmentation cutmix": MINE.model_copy(update={"origin": "provbench"})},
    ],
)
def test_what_cannot_be_compared_is_not_told(make: Callable[..., Plan], plugins: dict[str, PluginCode]) -> None:
    assert other_code([record_of(make, plugins=plugins)]) == []


def test_names_from_records_are_printed_on_one_line(make: Callable[..., Plan]) -> None:
    odd = MINE.model_copy(update={"origin": "x.py\n\x1b[31mall is well", "file": "x.py\n\x1b[31mall is well"})
    (note,) = code_notes(other_code([record_of(make, plugins={"task toy": odd})]))
    assert note.isprintable()


def test_an_interrupted_run_begins_anew_under_other_code(tmp_path: Path) -> None:
    code = {"regularizer mine": MINE, "augmentation cutmix": MINE.model_copy(update={"origin": "provbench"})}
    (tmp_path / ".lock").touch()
    (tmp_path / "resume.pth").touch()
    (tmp_path / "epochs").mkdir()
    keep_to_code(tmp_path, code)
    assert (tmp_path / "resume.pth").exists(), "it does not say whose it is"
    keep_to_code(tmp_path, {**code, "augmentation cutmix": MINE})
    assert json.loads((tmp_path / CODE_FILE).read_text()) == {
        "augmentation cutmix": "a" * 64,
        "regularizer mine": "a" * 64,
    }
    assert sorted(file.name for file in tmp_path.iterdir()) == [CODE_FILE, ".lock"]


def test_and_goes_on_under_the_same(make: Callable[..., Plan], tmp_path: Path) -> None:
    spec, place = spec_in(make()), Place(data_root=tmp_path, work_root=tmp_path / "work")
    whole = execute(spec, place)

    def interrupt(epoch: int, epochs: int, value: float | None) -> bool:
        if epoch == 2:
            raise KeyboardInterrupt
        return False

    for digest, resumes in (("", True), ("b" * 64, False)):
        begun = Place(data_root=tmp_path, work_root=tmp_path / f"begun{digest}")
        with pytest.raises(KeyboardInterrupt):
            execute(spec, begun, interrupt)
        file = begun.work_root / spec.key / CODE_FILE
        if digest:
            file.write_text(json.dumps({"task toy": digest}))
        epochs: list[int] = []
        again = execute(spec, begun, lambda epoch, of, value, seen=epochs: bool(seen.append(epoch)))
        assert again.outcome == whole.outcome
        assert (1 not in epochs) == resumes


def test_the_seams_of_a_synthesizer_are_named_with_it(make: Callable[..., Plan]) -> None:
    composed = "methods:\n  drawn: {synthesizer: {name: generated, tuner: {name: lora, per: class}, context: exact}}\n"
    names = set(code_of(spec_in(make(TOY.partition("methods:")[0] + composed))))
    assert {"synthesizer generated", "tuner lora", "context exact", "image sampler text-to-image"} <= names
    assert {"filter none", "label rule hard", "prompt policy plain", "generator stable-diffusion"} <= names
