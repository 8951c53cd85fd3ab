from . import escape as escape
from .atomic import (
    STALE_SECONDS as STALE_SECONDS,
    atomic_file as atomic_file,
    atomic_path as atomic_path,
    is_real as is_real,
    is_temporary as is_temporary,
    link_or_copy as link_or_copy,
    make_folder as make_folder,
    real_children as real_children,
    real_files as real_files,
    remove_stale as remove_stale,
    sync_folder as sync_folder,
    write_errors as write_errors,
)
from .checksums import CHECKSUMS as CHECKSUMS, damage as damage, write_checksums as write_checksums
from .child import Child as Child
from .content_digests import (
    content_digest as content_digest,
    digest_leftovers as digest_leftovers,
    file_digests as file_digests,
)
from .derived import (
    derived_folder as derived_folder,
    derived_folders as derived_folders,
    generated_folder as generated_folder,
    writable as writable,
)
from .direction import best_key as best_key, improves as improves, merit as merit
from .errors import (
    MissingDataError as MissingDataError,
    UnknownNameError as UnknownNameError,
    UserError as UserError,
    missing_messages as missing_messages,
    nearest as nearest,
)
from .escape import html as html, json_text as json_text, one_line as one_line, visible as visible
from .file_batch import FileBatch as FileBatch
from .file_names import (
    file_name as file_name,
    free_name as free_name,
    leads_out as leads_out,
    picture_name as picture_name,
    sample_name as sample_name,
)
from .foreign_checkpoints import read_checkpoint as read_checkpoint
from .heap import keep_freed_memory as keep_freed_memory, return_freed_memory as return_freed_memory
from .hub import (
    CLIP_FILES as CLIP_FILES,
    CONFIGURATION as CONFIGURATION,
    MODELS_FOLDER as MODELS_FOLDER,
    TIMM_FILES as TIMM_FILES,
    Files as Files,
    HubWeights as HubWeights,
    hub_cache as hub_cache,
    hub_file as hub_file,
    hub_folder as hub_folder,
    own_models_folder as own_models_folder,
    without_progress_bars as without_progress_bars,
)
from .hub_download import download_from_hub as download_from_hub
from .image_files import (
    FORMATS as FORMATS,
    MAX_PIXELS as MAX_PIXELS,
    image_size as image_size,
    open_image as open_image,
    read_image as read_image,
    read_mask as read_mask,
    write_image as write_image,
    write_mask as write_mask,
)
from .image_modes import to_rgb as to_rgb
from .lazy import functional as functional, hidden as hidden, torch as torch
from .locks import (
    HOLDER as HOLDER,
    TakenError as TakenError,
    describe_holder as describe_holder,
    held as held,
    is_held as is_held,
    is_locked as is_locked,
    remove_lock as remove_lock,
)
from .nested import leaves as leaves
from .plain_pickle import load_pickle as load_pickle
from .pretrained import HOW_TO_FETCH as HOW_TO_FETCH, Pretrained as Pretrained, Shipped as Shipped
from .seeds import derive_seed as derive_seed, seed_of as seed_of
from .tensor_file import read_tensors as read_tensors, write_tensors as write_tensors
from .text_rows import csv_rows as csv_rows, numbered_lines as numbered_lines
from .validation import describe_issues as describe_issues, issues as issues, shown as shown
from .variants import (
    FULL as FULL,
    MINI as MINI,
    VARIANT_PATTERN as VARIANT_PATTERN,
    Variant as Variant,
    named_variant as named_variant,
)
from .weight_facts import weight_facts as weight_facts
from .words import duration as duration
