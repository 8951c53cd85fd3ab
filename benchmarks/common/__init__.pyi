from .alia_recipe import ALIA_MINI as ALIA_MINI, AliaRecipe as AliaRecipe
from .captions import CAPTIONS as CAPTIONS, read_captions as read_captions, write_captions as write_captions
from .classification import (
    ACCURACY as ACCURACY,
    CLASS_ACCURACY as CLASS_ACCURACY,
    MACRO_F1 as MACRO_F1,
    TRAIN_WEIGHTED as TRAIN_WEIGHTED,
    WORST_GROUP as WORST_GROUP,
    class_metric as class_metric,
    classification_scores as classification_scores,
    group_metric as group_metric,
)
from .contact_sheets import contact_sheets as contact_sheets
from .drawing import (
    BACKGROUNDS as BACKGROUNDS,
    LAND as LAND,
    PART_COLOURS as PART_COLOURS,
    WATER as WATER,
    bounding_box as bounding_box,
    compose as compose,
    draw_background as draw_background,
    draw_bird as draw_bird,
    species_traits as species_traits,
)
from .fingerprints import fingerprint as fingerprint
from .generated import (
    KEPT as KEPT,
    STAMP as STAMP,
    ensure_generated as ensure_generated,
    generated_problems as generated_problems,
    leftovers as leftovers,
    require_generated as require_generated,
)
from .image_checks import image_problems as image_problems
from .image_recipe import ImageRecipe as ImageRecipe
from .image_task import ImageTask as ImageTask
from .images import ImageDataset as ImageDataset, read_image as read_image
from .inspection import (
    Predictor as Predictor,
    class_gradient as class_gradient,
    energy_inside as energy_inside,
    middles as middles,
    predictions as predictions,
    spread as spread,
)
from .lines import AnnotationLine as AnnotationLine, read_lines as read_lines, read_table as read_table
from .mini_birds import (
    BEAK_COLOURS as BEAK_COLOURS,
    BEAK_SHAPES as BEAK_SHAPES,
    COLOURS as COLOURS,
    FEW_SHOT as FEW_SHOT,
    POSES as POSES,
    PRETRAINING as PRETRAINING,
    SIDE as SIDE,
    WING_MARKS as WING_MARKS,
    Drawing as Drawing,
    Parts as Parts,
    Species as Species,
    draw_scene as draw_scene,
    few_shot_drawing as few_shot_drawing,
)
from .models import check_model as check_model
from .nearest import NEAR as NEAR, Pair as Pair, compare_sets as compare_sets
from .packaged import PACKAGED as PACKAGED, packaged_weights as packaged_weights
from .pictures import (
    FAINT as FAINT,
    FOUND as FOUND,
    GAP as GAP,
    INK as INK,
    SPACE as SPACE,
    TRUE as TRUE,
    Colour as Colour,
    beside as beside,
    figure as figure,
    framed as framed,
    line as line,
    magnitude as magnitude,
    outline as outline,
    overlay as overlay,
    page as page,
    scaled as scaled,
    share as share,
    stacked as stacked,
    verdict as verdict,
)
from .pixel_cache import PixelCache as PixelCache, decoded_files as decoded_files
from .provenance import training_pictures as training_pictures
from .records import (
    SPLITS as SPLITS,
    SUFFIXES as SUFFIXES,
    Box as Box,
    ImageRecord as ImageRecord,
    Split as Split,
    folder_records as folder_records,
)
from .tiny import tiny_trunk as tiny_trunk
from .weights import (
    missing_weights as missing_weights,
    torchvision_weights as torchvision_weights,
    weights_file as weights_file,
)
