from .base import MissingDataError as MissingDataError, UnknownNameError as UnknownNameError, UserError as UserError
from .budget import (
    BUDGETS as BUDGETS,
    SIZES as SIZES,
    budget_of as budget_of,
    periods_of as periods_of,
    steps_of as steps_of,
)
from .code import file_name as file_name, source_digest as source_digest
from .commands import COMMANDS as COMMANDS, TrainedRun as TrainedRun
from .contracts import (
    Augmentation as Augmentation,
    Batch as Batch,
    Regularizer as Regularizer,
    Source as Source,
    Step as Step,
    Synthesizer as Synthesizer,
    TrainingSet as TrainingSet,
    classification_loss as classification_loss,
    double_differentiable as double_differentiable,
    input_gradient as input_gradient,
)
from .core import (
    AUGMENTATIONS as AUGMENTATIONS,
    BUILT_IN as BUILT_IN,
    DEFAULT_VERSION as DEFAULT_VERSION,
    EXECUTORS as EXECUTORS,
    FIELDS as FIELDS,
    MODELS as MODELS,
    PLUGIN_HINT as PLUGIN_HINT,
    PRUNERS as PRUNERS,
    REGISTRIES as REGISTRIES,
    REGULARIZERS as REGULARIZERS,
    SAMPLERS as SAMPLERS,
    SYNTHESIZERS as SYNTHESIZERS,
    TASKS as TASKS,
    TRACKERS as TRACKERS,
    Plugin as Plugin,
    Registration as Registration,
    Registry as Registry,
    exit_code as exit_code,
    is_file as is_file,
    load_plugins as load_plugins,
)
from .models import (
    Classifier as Classifier,
    FeatureNetwork as FeatureNetwork,
    InstanceNetwork as InstanceNetwork,
    NetworkBuilder as NetworkBuilder,
    PartlyNew as PartlyNew,
    ScoreMapNetwork as ScoreMapNetwork,
    build_network as build_network,
)
from .params import (
    Params as Params,
    SearchSpace as SearchSpace,
    added as added,
    implied as implied,
    search_spaces as search_spaces,
    tunable as tunable,
    validate_params as validate_params,
)
from .task import (
    EXCHANGED as EXCHANGED,
    RELIANCE as RELIANCE,
    RELIANCE_METRICS as RELIANCE_METRICS,
    Metric as Metric,
    Panel as Panel,
    Progress as Progress,
    Recipe as Recipe,
    Scores as Scores,
    Task as Task,
    TaskInfo as TaskInfo,
    Variant as Variant,
    no_progress as no_progress,
)
