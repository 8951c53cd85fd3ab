"""The registry: lazy, helpful about names, closed to silent replacement, open to plugins from files and packages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from provbench.registry import (
    AUGMENTATIONS,
    REGULARIZERS,
    SYNTHESIZERS,
    Augmentation,
    Batch,
    Plugin,
    Registry,
    UnknownNameError,
    UserError,
    core,
    load_plugins,
)

PACKAGE = Path(__file__).parents[1] / "plugin_package"


def run_python(code: str, **environment: str) -> str:
    """Standard output of a fresh interpreter."""
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_built_in_plugins_are_listed() -> None:
    assert {"cutmix", "mixup", "puzzlemix", "resizemix"} <= set(AUGMENTATIONS)
    assert {"double-backprop", "gradient-guidance", "jacobian", "rrr"} <= set(REGULARIZERS)
    assert "background-swap" in SYNTHESIZERS
    assert AUGMENTATIONS.names() == sorted(AUGMENTATIONS.names())


def test_listing_and_reading_parameters_imports_no_torch() -> None:
    out = run_python(
        "import sys\n"
        "from provbench.registry import REGISTRIES, search_spaces\n"
        "print({kind: registry.names() for kind, registry in REGISTRIES.items()})\n"
        "for kind in ('augmentations', 'regularizers', 'synthesizers'):\n"
        "    for name in REGISTRIES[kind]:\n"
        "        plugin = REGISTRIES[kind].get(name)\n"
        "        print(name, plugin.summary(), dict(search_spaces(plugin.Params)), plugin())\n"
        "print('torch' in sys.modules)\n"
    )
    assert "puzzlemix" in out
    assert out.splitlines()[-1] == "False"


@pytest.mark.parametrize("registry", [AUGMENTATIONS, REGULARIZERS, SYNTHESIZERS], ids=lambda registry: registry.kind)
def test_every_plugin_knows_its_name_and_describes_itself_and_its_parameters(registry: Registry) -> None:
    for name in (name for name in registry if registry.entry(name).origin == "provbench"):
        plugin = registry.build(name)
        assert plugin.name == name
        assert plugin.summary().endswith((".", ":"))
        for field in type(plugin.params).model_fields.values():
            assert field.description


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown augmentation 'cutmx': did you mean 'cutmix'.*\? Known: "):
        AUGMENTATIONS.get("cutmx")
    with pytest.raises(UserError):
        AUGMENTATIONS.build("nothing-like-it")


def test_a_function_that_builds_models_may_be_registered() -> None:
    registry = Registry("model")

    def build() -> str:
        return "built"

    registry.add("one", build)
    assert registry.get("one") is build
    assert registry.build("one") == "built"


def test_two_plugin_files_of_one_name_are_two_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AUGMENTATIONS, "_entries", dict(AUGMENTATIONS._entries))
    text = "from provbench.registry import AUGMENTATIONS\n@AUGMENTATIONS.register('twin')\nclass Twin: ...\n"
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "plugin.py").write_text(text)
    load_plugins((str(tmp_path / "a" / "plugin.py"),))
    with pytest.raises(UserError, match="already registered by"):
        load_plugins((str(tmp_path / "b" / "plugin.py"),))


def test_a_taken_name_is_refused_and_both_owners_are_named() -> None:
    registry = Registry("toy")
    registry.add("one", "somewhere:One", origin="first 1.0")
    registry.add("one", "somewhere:One", origin="first 1.0")  # the same again is nothing new
    with pytest.raises(UserError, match=r"toy 'one' of second 2.0 is already registered by first 1.0"):
        registry.add("one", "elsewhere:One", origin="second 2.0")
    assert registry.entry("one").target == "somewhere:One"


def test_a_class_registers_itself_and_learns_its_name() -> None:
    registry = Registry("toy")

    @registry.register("a-toy")
    class Toy(Plugin):
        """A toy."""

    assert registry.get("a-toy") is Toy
    assert registry.build("a-toy").name == "a-toy"
    assert registry.entry("a-toy").origin == "provbench"


@pytest.mark.parametrize("target", ["provbench.no_such_module:X", "provbench.registry.core:NoSuchClass"])
def test_a_target_that_is_not_there_is_named(target: str) -> None:
    registry = Registry("toy")
    registry.add("broken", target, origin="somebody 1.0")
    with pytest.raises(UserError, match=f"toy 'broken' of somebody 1.0: cannot load {target}"):
        registry.get("broken")


def test_a_plugin_file_is_loaded_once_and_named_as_the_origin(tmp_path: Path) -> None:
    path = tmp_path / "my_plugins.py"
    path.write_text(
        "from provbench.registry import AUGMENTATIONS, Augmentation\n"
        "@AUGMENTATIONS.register('from-a-file')\n"
        "class FromAFile(Augmentation):\n"
        "    '''Does nothing.'''\n"
        "    def __call__(self, batch, generator, model):\n"
        "        return batch\n"
    )
    load_plugins((str(path),))
    load_plugins((str(path),))
    plugin = AUGMENTATIONS.build("from-a-file")
    assert isinstance(plugin, Augmentation)
    assert AUGMENTATIONS.entry("from-a-file").origin == str(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("raise RuntimeError('out of order')", "RuntimeError: out of order"),
        (
            "import provbench.registry as r\nr.AUGMENTATIONS.add('cutmix', 'mine:Mine')",
            "already registered",
        ),
    ],
    ids=["absent", "raises", "takes a built-in's name"],
)
def test_a_plugin_file_that_cannot_be_loaded_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "bad_plugin.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_plugins((str(path),))
    assert str(path) in str(caught.value)


def test_an_installed_plugin_that_cannot_be_loaded_is_an_error_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        name, value, dist = "broken", "broken_package", None

        def load(self) -> None:
            raise ModuleNotFoundError("No module named 'broken_package'")

    monkeypatch.setattr(core, "_loaded", core._loaded - {core.GROUP})
    monkeypatch.setattr(core, "entry_points", lambda group: [Broken()])
    for _ in range(2):
        with pytest.raises(UserError, match="broken_package"):
            AUGMENTATIONS.names()


def test_an_installed_package_adds_plugins_beside_the_built_in_ones(installed_package: Path) -> None:
    out = run_python(
        "import json, sys\n"
        "from provbench.registry import AUGMENTATIONS, REGULARIZERS\n"
        "names = [AUGMENTATIONS.names(), REGULARIZERS.names()]\n"
        "lazy = 'provbench_example.half_mix' not in sys.modules\n"
        "half, decay = AUGMENTATIONS.build('half-mix', share=0.25), REGULARIZERS.build('logit-decay', strength=2)\n"
        "parts = [half.name, half.version, half.params.share, decay.params.strength]\n"
        "print(json.dumps([names, AUGMENTATIONS.entry('half-mix').origin, lazy, 'torch' in sys.modules, parts]))\n",
        PYTHONPATH=str(installed_package),
    )
    (augmentations, regularizers), origin, lazy, torch_imported, parts = json.loads(out)
    assert {"half-mix", "cutmix"} <= set(augmentations)
    assert {"logit-decay", "gradient-guidance"} <= set(regularizers)
    assert origin == "provbench-example 0.3.0"
    assert lazy
    assert not torch_imported
    assert parts == ["half-mix", "2", 0.25, 2.0]


def test_an_installed_packages_plugins_work_together(
    installed_package: Path,
    forgotten_plugins: None,
    monkeypatch: pytest.MonkeyPatch,
    make_batch: Callable[..., Batch],
) -> None:
    monkeypatch.syspath_prepend(installed_package)
    load_plugins(("provbench_example",))
    batch = make_batch((4, 3, 6, 8))
    mixed = AUGMENTATIONS.build("half-mix", share=0.25)(batch, torch.Generator().manual_seed(0), None)
    first, second = mixed.sources
    pairs = first.labels != second.labels
    assert pairs.any()
    assert first.weight[pairs].tolist() == [0.25] * int(pairs.sum())
    assert torch.equal(mixed.inputs[..., 2:], batch.inputs[second.labels][..., 2:])
    logits = torch.full((4, 2), 3.0, requires_grad=True)
    assert REGULARIZERS.build("logit-decay", strength=2).penalty(logits, mixed, torch.Generator()).item() == 18


@pytest.mark.parametrize(("values", "message"), [({"p": 0.5}, "augmentation cutmix.*p"), ({"prob": 3}, "prob.*3")])
def test_what_a_plugin_cannot_be_built_with_is_one_message(values: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        AUGMENTATIONS.build("cutmix", **values)


def test_a_bad_parameter_of_a_package_plugin_is_refused(installed_package: Path) -> None:
    out = run_python(
        "from provbench.registry import AUGMENTATIONS, UserError, validate_params\n"
        "try:\n"
        "    validate_params(AUGMENTATIONS.get('half-mix').Params, {'shares': 0.5}, 'my.yaml: half-mix')\n"
        "except UserError as error:\n"
        "    print(error)\n",
        PYTHONPATH=str(installed_package),
    )
    assert out.startswith("my.yaml: half-mix: unknown parameter 'shares': did you mean 'share'?")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys\nsys.exit()\n", "it called sys.exit(0)"),
        ("import sys\nsys.exit('no GPU')\n", "it called sys.exit(no GPU)"),
        ("import argparse\nargparse.ArgumentParser().parse_args(['--nothing-of-mine'])\n", "it called sys.exit(2)"),
        ("class Stop(BaseException): ...\nraise Stop('enough')\n", "Stop: enough"),
    ],
)
def test_a_plugin_that_ends_the_process_is_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    for _ in range(2):  # every time, not only the first
        with pytest.raises(UserError, match=re.escape(f"cannot load plugin {path}: {words}")):
            load_plugins((str(path),))
    assert not [name for name in sys.modules if name.startswith("provbench_plugin_mine")]


def test_a_target_that_ends_the_process_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ending_module.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("toy")
    registry.add("ending", "ending_module:X", origin="somebody 1.0")
    with pytest.raises(UserError, match=r"toy 'ending' of somebody 1\.0: .*: it called sys\.exit\(3\)"):
        registry.get("ending")


def test_an_interruption_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "interrupted.py"
    path.write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_plugins((str(path),))


def test_one_file_is_one_plugin_however_its_path_is_spelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counted.py").write_text("from pathlib import Path\nPath('loads').open('a').write('x')\n")
    monkeypatch.chdir(tmp_path)
    load_plugins(("counted.py", "./counted.py", str(tmp_path / "counted.py")))
    assert (tmp_path / "loads").read_text() == "x"


def test_a_file_that_is_edited_within_a_second_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "quick.py"
    found = []
    for value in ("1", "2"):
        path.write_text(f"VALUE = {value}\n")
        os.utime(path, (1e9, 1e9))
        monkeypatch.setattr(core, "_loaded", {name for name in core._loaded if not name.endswith("quick.py")})
        load_plugins((str(path),))
        found += [module.VALUE for name, module in sys.modules.items() if name.startswith("provbench_plugin_quick")]
    assert found == [1, 2]
