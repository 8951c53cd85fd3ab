from .build import build_table as build_table
from .citations import PublishedNumber as PublishedNumber, find as find, load_published as load_published
from .costs import COSTS as COSTS
from .detectable import sights as sights
from .endings import Doubt as Doubt, doubts as doubts
from .fields import (
    Context as Context,
    Samples as Samples,
    Statistic as Statistic,
    no_samples as no_samples,
)
from .model import (
    SHOWN as SHOWN,
    CellAddress as CellAddress,
    Column as Column,
    EpochName as EpochName,
    Field as Field,
    RowRuns as RowRuns,
    Table as Table,
    TableCell as TableCell,
    TableRow as TableRow,
)
from .opponents import baseline_place as baseline_place, opponent as opponent
from .renderers import (
    RENDERERS as RENDERERS,
    render as render,
    render_all as render_all,
    to_csv as to_csv,
    to_html as to_html,
    to_json as to_json,
    to_latex as to_latex,
    to_markdown as to_markdown,
)
