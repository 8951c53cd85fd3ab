"""Rules that give generated images their labels.

One rule, one file. Each is a `LabelRule` of `generation.seams`. Raise `version` when the same parameters would give
other labels.
"""
