from . import regression as regression
from .citations import PublishedNumber as PublishedNumber, find as find, load_published as load_published
from .comparison import build_table as build_table
from .costs import COSTS as COSTS
from .paired_runs import pair_runs as pair_runs
from .regression import Change as Change, Comparison as Comparison, Name as Name, Number as Number, State as State
from .render import (
    RENDERERS as RENDERERS,
    render as render,
    render_all as render_all,
    to_csv as to_csv,
    to_html as to_html,
    to_json as to_json,
    to_latex as to_latex,
    to_markdown as to_markdown,
)
from .statistics import Summary as Summary, holm as holm, paired_t_test as paired_t_test
from .store import (
    KEY_LENGTH as KEY_LENGTH,
    MAX_INTEGER as MAX_INTEGER,
    MAX_TRACEBACK as MAX_TRACEBACK,
    Counts as Counts,
    DamagedError as DamagedError,
    Difference as Difference,
    Merged as Merged,
    Phase as Phase,
    PluginCode as PluginCode,
    RecordFolder as RecordFolder,
    RunRecord as RunRecord,
    Status as Status,
    Store as Store,
    StoreWarning as StoreWarning,
    ValView as ValView,
    best_trial as best_trial,
    check_format as check_format,
    decode as decode,
    difference as difference,
    digest as digest,
    encode as encode,
    final_runs as final_runs,
    merge as merge,
    oracle_trial as oracle_trial,
    with_comparable_curves as with_comparable_curves,
)
from .table_numbers import read_table as read_table, read_tables as read_tables, with_identities as with_identities
from .tables import (
    SHOWN as SHOWN,
    Cell as Cell,
    Column as Column,
    Entry as Entry,
    Field as Field,
    Kind as Kind,
    Table as Table,
    TableRow as TableRow,
)
