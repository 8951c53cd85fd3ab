from .folding import FACTOR as FACTOR, SCALE as SCALE, Folding as Folding
from .parts import (
    HIDDEN as HIDDEN,
    MAX_TOKENS as MAX_TOKENS,
    new_scheduler as new_scheduler,
    new_text_encoder as new_text_encoder,
    new_tokenizer as new_tokenizer,
    new_unet as new_unet,
)
from .shipped import (
    WEIGHTS as WEIGHTS,
    check_files as check_files,
    load_pipeline as load_pipeline,
    weights_digests as weights_digests,
)
