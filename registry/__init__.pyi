from .base import (
    FULL as FULL,
    MINI as MINI,
    MissingDataError as MissingDataError,
    UnknownNameError as UnknownNameError,
    UserError as UserError,
    Variant as Variant,
)
from .code import file_name as file_name, source_digest as source_digest
from .commands import COMMANDS as COMMANDS, TrainedRun as TrainedRun
from .contents import Contents as Contents
from .contracts import (
    Augmentation as Augmentation,
    Batch as Batch,
    ClassNamed as ClassNamed,
    Described as Described,
    Part as Part,
    Regularizer as Regularizer,
    Source as Source,
    Step as Step,
    Synthesizer as Synthesizer,
    TrainingSet as TrainingSet,
    double_differentiable as double_differentiable,
    full_precision as full_precision,
    input_gradient as input_gradient,
    on_device as on_device,
)
from .core import (
    AUGMENTATIONS as AUGMENTATIONS,
    BUILT_IN as BUILT_IN,
    CONTEXTS as CONTEXTS,
    DEFAULT_VERSION as DEFAULT_VERSION,
    EXECUTORS as EXECUTORS,
    FIELDS as FIELDS,
    FILTERS as FILTERS,
    GENERATORS as GENERATORS,
    IMAGE_SAMPLERS as IMAGE_SAMPLERS,
    LABELS as LABELS,
    MODELS as MODELS,
    PLUGIN_HINT as PLUGIN_HINT,
    PROMPTS as PROMPTS,
    PRUNERS as PRUNERS,
    REGISTRIES as REGISTRIES,
    REGULARIZERS as REGULARIZERS,
    SAMPLERS as SAMPLERS,
    SYNTHESIZERS as SYNTHESIZERS,
    TASKS as TASKS,
    TRACKERS as TRACKERS,
    TUNERS as TUNERS,
    Plugin as Plugin,
    Registration as Registration,
    Registry as Registry,
    exit_code as exit_code,
    is_file as is_file,
    load_plugins as load_plugins,
)
from .losses import classification_loss as classification_loss, summed_loss as summed_loss
from .models import (
    Classifier as Classifier,
    FeatureNetwork as FeatureNetwork,
    GroupedNetwork as GroupedNetwork,
    InstanceNetwork as InstanceNetwork,
    NetworkBuilder as NetworkBuilder,
    ParameterGroup as ParameterGroup,
    PartlyNew as PartlyNew,
    ScoreMapNetwork as ScoreMapNetwork,
    SelfTaught as SelfTaught,
    build_network as build_network,
)
from .params import (
    Params as Params,
    SearchSpace as SearchSpace,
    added as added,
    implied as implied,
    location as location,
    search_spaces as search_spaces,
    tunable as tunable,
    validate_params as validate_params,
)
from .phased import Estimate as Estimate, Phased as Phased, Share as Share
from .reads_weights import (
    PRETRAINED as PRETRAINED,
    ReadsWeights as ReadsWeights,
    weights_folder as weights_folder,
    weights_of as weights_of,
)
from .recipe import (
    BUDGETS as BUDGETS,
    SIZES as SIZES,
    Recipe as Recipe,
    budget_of as budget_of,
    periods_of as periods_of,
    steps_of as steps_of,
)
from .task import (
    EXCHANGED as EXCHANGED,
    RELIANCE as RELIANCE,
    RELIANCE_METRICS as RELIANCE_METRICS,
    Keep as Keep,
    Metric as Metric,
    Panel as Panel,
    Progress as Progress,
    ProtocolRules as ProtocolRules,
    Scores as Scores,
    Task as Task,
    TaskInfo as TaskInfo,
    no_progress as no_progress,
)
from .weights import GradientShare as GradientShare, Weight as Weight, factor as factor
