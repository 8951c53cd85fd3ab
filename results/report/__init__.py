"""A static site of a suite's results: tables, and behind each number its runs. HTML files that need no server.

    site = write_site(report, folder)

`Report` is what the site is made of; whoever knows the suite fills it. Pages are Jinja2 templates with escaping on, so
that names are text and never markup. Nothing is loaded from outside of the folder.
"""

from .content import Report, Search, Selection, SuiteCell, Trial
from .site import Site, write_site

__all__ = ["Report", "Search", "Selection", "Site", "SuiteCell", "Trial", "write_site"]
