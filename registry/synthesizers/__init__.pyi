from .difference import DifferenceParams as DifferenceParams
from .editor_folder import export_images as export_images
from .manifest import (
    HEADER as HEADER,
    ROWS as ROWS,
    Header as Header,
    SyntheticImage as SyntheticImage,
    SyntheticSet as SyntheticSet,
    read_manifest as read_manifest,
    write_manifest as write_manifest,
)
from .set_archive import export_set as export_set, import_set as import_set
from .set_digest import digest_of_samples as digest_of_samples, training_digest as training_digest
