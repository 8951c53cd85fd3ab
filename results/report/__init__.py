"""A static site of a suite's results: tables, and behind each number its runs. HTML files that need no server.

    site = write_site(report, folder)

`Report` is what the site is made of; whoever knows the suite fills it. Pages are Jinja2 templates with escaping on, so
that names are text and never markup. Nothing is loaded from outside of the folder.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
