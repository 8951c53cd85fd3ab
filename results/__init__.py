"""Results: the store of run records, selection, statistics, published numbers and tables. Imports neither torch nor
pandas before it needs them.

>>> from provbench.results import Summary
>>> str(Summary.of([64.7, 65.1, 65.5]))
'65.1 ± 0.4 (3)'
"""

from .citations import PublishedNumber, find, load_published
from .comparison import build_table
from .costs import COSTS
from .record import Phase, RunRecord, Status
from .render import RENDERERS, render, render_all, to_csv, to_html, to_json, to_latex, to_markdown
from .selection import Counts, ValView, best_trial, final_runs
from .statistics import Summary, holm, paired_t_test
from .store import Store, StoreWarning
from .tables import SHOWN, Cell, Column, Entry, Field, Kind, Table, TableRow

__all__ = [
    "COSTS",
    "RENDERERS",
    "SHOWN",
    "Cell",
    "Column",
    "Counts",
    "Entry",
    "Field",
    "Kind",
    "Phase",
    "PublishedNumber",
    "RunRecord",
    "Status",
    "Store",
    "StoreWarning",
    "Summary",
    "Table",
    "TableRow",
    "ValView",
    "best_trial",
    "build_table",
    "final_runs",
    "find",
    "holm",
    "load_published",
    "paired_t_test",
    "render",
    "render_all",
    "to_csv",
    "to_html",
    "to_json",
    "to_latex",
    "to_markdown",
]
