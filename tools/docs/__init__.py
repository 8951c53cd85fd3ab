"""The documentation site: `make docs` builds it from pages here, the folders' READMEs, the registry and the commands.

What can be generated is: plugins with their parameters, metrics and sources, the command line, a suite file's keys and
the published numbers. `hooks` is what mkdocs calls; the other modules return pages as Markdown. `pages/` is written by
hand, and every code block there is executed by the tests.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
