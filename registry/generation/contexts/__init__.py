"""Descriptions of training images, aspect by aspect: from files, from the data set itself, or from a model.

One context, one file. Each is a `Context` of `generation.seams`. To add one, copy the nearest file and add its line to
`registry/builtins.py`. Raise `version` when the same parameters would describe images otherwise.
"""
