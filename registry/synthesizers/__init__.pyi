from .editor_folder import export_images as export_images
from .manifest import HEADER as HEADER, ROWS as ROWS, SyntheticSet as SyntheticSet, read_manifest as read_manifest
from .set_digest import digest_of_samples as digest_of_samples, training_digest as training_digest
