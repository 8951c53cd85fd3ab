from .chosen import write_chosen as write_chosen
from .driving import (
    KINDS as KINDS,
    CellRuns as CellRuns,
    Driver as Driver,
    Faults as Faults,
    Garbage as Garbage,
    Known as Known,
    Output as Output,
    Tally as Tally,
    find_garbage as find_garbage,
    is_whole as is_whole,
    output_lock as output_lock,
    remove as remove,
    search_base as search_base,
    search_settings as search_settings,
    weights_file as weights_file,
)
from .executors import Observer as Observer, Observers as Observers
from .file import (
    Suite as Suite,
    SuiteFile as SuiteFile,
    builtin_suites as builtin_suites,
    expand_sweeps as expand_sweeps,
    load_suite as load_suite,
    parse_yaml as parse_yaml,
)
from .illustrate import make_figures as make_figures
from .overview import (
    CellState as CellState,
    open_begun as open_begun,
    runs_needed as runs_needed,
    survey as survey,
    survey_ready as survey_ready,
    untouched as untouched,
)
from .planning import (
    Cell as Cell,
    Place as Place,
    Plan as Plan,
    RunSpec as RunSpec,
    data_fingerprint as data_fingerprint,
    describe_missing as describe_missing,
    digest as digest,
    ensure_synthetic as ensure_synthetic,
    make_plan as make_plan,
    missing_inputs as missing_inputs,
    restrict as restrict,
)
from .replay import Replay as Replay, recorded_order as recorded_order, replay as replay
from .report_data import collect_report as collect_report
from .running import build_task as build_task
from .tabulate import make_tables as make_tables, notes_on_code as notes_on_code, write_tables as write_tables
from .trials import (
    Pick as Pick,
    TrialRow as TrialRow,
    best_first as best_first,
    picks as picks,
    trial_rows as trial_rows,
)
