from .blocks import Block as Block, check_block as check_block
from .estimators import perturbation as perturbation
from .form import Form as Form, Normalisation as Normalisation
from .loss import SECOND_ORDER as SECOND_ORDER, guidance_loss as guidance_loss, reduced as reduced
from .masks import MaskKind as MaskKind
from .scalars import ScalarKind as ScalarKind
