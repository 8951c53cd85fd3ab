from . import export as export
from .csv_text import columns_csv as columns_csv
from .curve_axis import PLACES as PLACES, SHARE as SHARE, axis_of as axis_of, place_of as place_of
from .merging import Merged as Merged, merge as merge
from .outcome import (
    Difference as Difference,
    difference as difference,
    with_comparable_curves as with_comparable_curves,
)
from .record import (
    KEY_LENGTH as KEY_LENGTH,
    MAX_INTEGER as MAX_INTEGER,
    MAX_TRACEBACK as MAX_TRACEBACK,
    Phase as Phase,
    PluginCode as PluginCode,
    RunRecord as RunRecord,
    Status as Status,
    digest as digest,
)
from .record_file import DamagedError as DamagedError, decode as decode, encode as encode
from .record_folder import RecordFolder as RecordFolder
from .selection import (
    Choice as Choice,
    Counts as Counts,
    ValView as ValView,
    best_trial as best_trial,
    final_runs as final_runs,
    oracle_trial as oracle_trial,
)
from .store import Store as Store, StoreWarning as StoreWarning
from .table_files import check_format as check_format
