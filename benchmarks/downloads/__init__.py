"""Fetches the files of data sets: what is known of them as data, mirrors, resumption, digests, unpacking.

A task's files are described in `files.yaml` beside its module, and read by `files_of`. `fetch_all` brings them to where
the task reads them, `adopt` takes copies that are already on the disk, `ask_links` asks addresses without fetching.
Nothing half-written is ever taken for whole: a file is `.part` until its digest is right, a folder has another name
until its archive is unpacked.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
