from .chosen_suite import write_chosen as write_chosen
from .convergence import (
    doubt_fields as doubt_fields,
    doubt_words as doubt_words,
    doubts_of as doubts_of,
    seeds_for as seeds_for,
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
from .replays import Replay as Replay, recorded_order as recorded_order, replay as replay
from .report_data import collect_report as collect_report
from .synthetic_images import ANALYSIS as ANALYSIS
from .tabulate import make_tables as make_tables, notes_on_code as notes_on_code, write_tables as write_tables
from .training_samples import draw_samples as draw_samples
from .trials import (
    ChosenTrial as ChosenTrial,
    TrialRow as TrialRow,
    best_first as best_first,
    picks as picks,
    trial_rows as trial_rows,
)
