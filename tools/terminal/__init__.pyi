from .answer import (
    complain as complain,
    print_answer as print_answer,
    reserve_for as reserve_for,
    say as say,
)
from .finals import final_runs as final_runs
from .launch import (
    HOW_TO_RETRY as HOW_TO_RETRY,
    assignments as assignments,
    build_executor as build_executor,
    drive as drive,
    plan_of as plan_of,
    print_tally as print_tally,
)
from .options import (
    DEFAULT_DATA as DEFAULT_DATA,
    DEFAULT_OUT as DEFAULT_OUT,
    AttemptsOption as AttemptsOption,
    DataOption as DataOption,
    DownloadOption as DownloadOption,
    ExecutorOption as ExecutorOption,
    ExecutorParamOption as ExecutorParamOption,
    FailureRateOption as FailureRateOption,
    JobsOption as JobsOption,
    JsonOption as JsonOption,
    OnlyOption as OnlyOption,
    OutOption as OutOption,
    PluginOption as PluginOption,
    RetryFailedOption as RetryFailedOption,
    StorageOption as StorageOption,
    SuiteArgument as SuiteArgument,
    ThreadsOption as ThreadsOption,
    TimeLimitOption as TimeLimitOption,
    TrackOption as TrackOption,
    WorkersOption as WorkersOption,
)
from .progress import progress_bar as progress_bar, transfer_bar as transfer_bar
from .reruns import named_runs as named_runs
from .searches import (
    details as details,
    print_picks as print_picks,
    print_trials as print_trials,
    standing as standing,
    text as text,
)
from .show import print_json as print_json, print_rows as print_rows, print_table as print_table
from .signals import ending_on_signals as ending_on_signals, signal_of as signal_of
from .verbosity import (
    Verbosity as Verbosity,
    choose as choose,
    note as note,
    quiet as quiet,
    verbose as verbose,
)
