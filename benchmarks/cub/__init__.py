"""Task `cub`: fine-grained classification of birds, in ALIA's splits.

`task` has the protocol; the files are read by `benchmarks.layouts`. The README names every source.
"""
