"""From captions to tables by the command line: generate, run, export, import and analyse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .in_process import Ended, call

SUITE = """\
name: birds
seeds: [0]
tasks:
  images:
    params: {{path: birds, model: tiny-cnn, weights: null, image_size: 16, epochs: 1, batch_size: 4, checkpoint: last}}
methods:
  bob:
    synthesizer:
      name: generated
      generator: {{name: stable-diffusion, model: {model}, size: 16}}
      context: caption-file
      tuner: {{name: lora, rank: 2, epochs: 1, warmup: 0}}
      prompts: bank
      sampler: {{name: text-to-image, steps: 1}}
      template: "a bird photo of a {{class}} in the {{background}} background"
      per_class: 3
      provenance: attention
    regularizers: [{{name: gradient-guidance, alpha: 0.01}}]
  imported:
    synthesizer: {{name: imported, set: birds-by-bob}}
tables:
  - {{name: birds, task: images, columns: [accuracy]}}
"""


def draw(folder: Path) -> None:
    rows = ["image\tbackground\tpose"]
    for split, count in (("train", 3), ("val", 2), ("test", 2)):
        for name, colour in (("jay", (0, 0, 200)), ("owl", (120, 80, 0))):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                image = np.full((16, 16, 3), 30 * number, np.uint8)
                image[4:12, 4:12] = colour
                Image.fromarray(image).save(folder / split / name / f"{number}.png")
                rows.append(f"{split}/{name}/{number}.png\tplace {number}.\tup")
    (folder / "captions.tsv").write_text("\n".join(rows) + "\n")


@pytest.mark.slow
def test_a_suite_s_images_are_generated_trained_on_handed_on_and_measured(
    tiny_stable_diffusion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "data" / "birds")
    (tmp_path / "suite.yaml").write_text(SUITE.format(model=tiny_stable_diffusion))
    monkeypatch.chdir(tmp_path)

    def provbench(*arguments: object) -> Ended:
        ended = call(monkeypatch, capsys, *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended

    bob = ("suite.yaml", "--only", "bob")
    (left,) = json.loads(provbench("generate", *bob, "--dry-run", "--json").stdout)
    assert (left["images"], left["training_steps"], left["denoising_steps"]) == (6, 1, 6)
    assert not (tmp_path / "data" / "synthetic").exists()
    provbench("generate", *bob, "--preview", 1)
    assert sorted(path.name for path in (tmp_path / "previews" / "images-bob").iterdir()) == [
        "class-00000.png",
        "class-00001.png",
    ]
    assert "is finished" in provbench("generate", *bob).stderr + provbench("generate", *bob).stdout
    provbench("synthetic", "export", *bob, "--to", "birds.zip", "--licence", "CC0", "--name", "birds-by-bob")
    provbench("synthetic", "import", "birds.zip")
    tally = json.loads(provbench("run", "suite.yaml", "--executor", "inline", "--json").stdout)
    assert tally["trained"] == 2
    (analysis,) = json.loads(provbench("synthetic", "analyse", *bob, "--json").stdout).values()
    assert [one["synthetic"] for one in analysis["classes"]] == [3, 3]
    assert set(analysis["prompts"]) == {"background"}
    assert (tmp_path / "analyses" / "images-bob" / "analysis.json").is_file()
    provbench("report", "suite.yaml")
    (page,) = (tmp_path / "runs").rglob("birds-*bob*.html")
    text = page.read_text()
    assert "Synthetic images" in text
    assert "tiny@local" in text
    assert "information of the prompts about the class: background" in text
    assert "a bird photo of a jay in the place" in text


def test_what_cannot_be_generated_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "data" / "birds")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text(SUITE.format(model="/no/such/model"))

    def said(*arguments: object) -> str:
        ended = call(monkeypatch, capsys, *arguments)
        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr
        return ended.stderr

    assert "/no/such/model: no such model folder" in said("generate", "suite.yaml", "--only", "bob")
    assert "--shard 3/2: write such as 2/8" in said("generate", "suite.yaml", "--only", "bob", "--shard", "3/2")
    assert "no method has a synthesizer that generates" in said("generate", "suite.yaml", "--only", "imported")
    assert "no such set is finished" in said("synthetic", "analyse", "suite.yaml", "--only", "bob")
    assert "no imported set" in said("run", "suite.yaml", "--only", "imported", "--executor", "inline")
    (tmp_path / "data" / "birds" / "captions.tsv").write_text("image\tbackground\ntrain/jay/0.png\t.\n")
    assert "captions.tsv:2: background: the description of train/jay/0.png is empty" in said(
        "generate", "suite.yaml", "--only", "bob"
    )
