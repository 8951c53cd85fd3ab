"""The documentation: every page is generated, every link leads somewhere, every code block runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from provbench.registry import REGISTRIES
from provbench.tools.cli import app
from provbench.tools.docs import commands, folders, generated, markdown, plugins, published

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "tools" / "docs"
PAGES = sorted((DOCS / "pages").rglob("*.md"))
BLOCK = re.compile(r"^( *)```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^ *```$", flags=re.DOTALL | re.MULTILINE)


def test_every_plugin_and_parameter_is_on_its_page() -> None:
    pages = plugins.plugin_pages()
    for kind, registry in REGISTRIES.items():
        text = pages[f"reference/{kind}.md"]
        for name in registry.names():
            assert f"\n## {name}\n" in f"\n{text}", (kind, name)
    assert "| `alpha` |" in pages["reference/regularizers.md"]


def test_every_command_and_key_is_on_its_page() -> None:
    text = commands.command_page(app)
    for command in ("run", "data prepare", "results merge", "doctor"):
        assert f"## provbench {command}\n" in text
    assert "`--time-limit`" in text
    assert text.index("`--quiet` `-q`") < text.index("## provbench ")
    assert "| `tasks.NAME.methods` |" in commands.suite_page()


def test_every_published_number_has_its_source() -> None:
    text = published.published_page()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| task", "| ---"))]
    assert len(rows) > 300
    assert all(len(re.split(r"(?<!\\)\|", row)) == 10 for row in rows)


def test_links_of_readmes_lead_to_pages_or_become_text() -> None:
    pages = folders.readmes()
    text = folders.page("README.md", pages)
    assert "](contributing.md)" in text
    assert "](folders/tools/library.md)" in text
    assert "](pictures/localization.png)" in text
    assert "](registry/contracts.py)" not in text
    assert "registry/contracts.py" in text


def test_every_page_is_in_the_navigation_and_there() -> None:
    config = yaml.safe_load((DOCS / "mkdocs.yml").read_text(encoding="utf-8").replace("!!python/name", "python"))
    named = set(re.findall(r"[\w/-]+\.md", str(config["nav"])))
    written = {path.relative_to(DOCS / "pages").as_posix() for path in PAGES}
    assert written <= named
    assert named <= written | generated().keys()


def test_cells() -> None:
    assert markdown.table(("a",), [("x|y\nz <b>",)]) == "| a |\n| --- |\n| x\\|y z &lt;b> |\n"


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(DOCS / "mkdocs.yml")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [*command, "--site-dir", str(tmp_path / "site")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "reference" / "commands.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("page", [path for path in PAGES if BLOCK.search(path.read_text(encoding="utf-8"))], ids=str)
def test_every_code_block_runs(page: Path, tmp_path: Path) -> None:
    """In the order of the page, in one folder; a block with a title is that file."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PROVBENCH_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "200",
    }
    for indent, language, title, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        content = "\n".join(line.removeprefix(indent) for line in text.splitlines()) + "\n"
        if title:
            (tmp_path / title).write_text(content, encoding="utf-8")
            continue
        command = ["bash", "-euo", "pipefail", "-c", content] if language == "bash" else [sys.executable, "-c", content]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{content}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
