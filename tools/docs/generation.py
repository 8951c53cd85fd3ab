"""Every generated page of the site."""

from __future__ import annotations

from ..cli import app
from . import commands, folders, plugins, published


def generated() -> dict[str, str]:
    """Returns the generated pages by their names on the site."""
    pages = folders.readmes()
    return {
        **{new: folders.page(name, pages) for name, new in pages.items()},
        "folders/index.md": folders.index(pages),
        **plugins.plugin_pages(),
        "reference/commands.md": commands.command_page(app),
        "reference/suite-file.md": commands.suite_page(),
        "reference/published.md": published.published_page(),
    }
