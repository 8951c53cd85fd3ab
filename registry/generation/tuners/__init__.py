"""Tuning of a generator to the training images: low-rank adapters and learned tokens.

One tuner, one file; `units` says which images are tuned together. Each is a `Tuner` of `generation.seams`, and the
training itself is in `generation.training`. Raise `version` when the same parameters would train other weights.
"""
