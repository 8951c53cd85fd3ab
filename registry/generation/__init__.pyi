from .analysis import Analysis as Analysis, ClassAnalysis as ClassAnalysis, analyse as analyse
from .attention import (
    AttentionParams as AttentionParams,
    Collector as Collector,
    collecting as collecting,
    mask_of as mask_of,
    overlap as overlap,
)
from .information import Information as Information, information as information
from .likeness import extractor as extractor
from .seams import (
    Adapter as Adapter,
    Bank as Bank,
    Caption as Caption,
    Context as Context,
    Filter as Filter,
    Generator as Generator,
    ImageSampler as ImageSampler,
    LabelRule as LabelRule,
    Order as Order,
    PromptPolicy as PromptPolicy,
    Tuner as Tuner,
    Tuning as Tuning,
    Verdict as Verdict,
    Wording as Wording,
)
from .set_files import drawn_rows as drawn_rows
from .tokens import places_of as places_of
