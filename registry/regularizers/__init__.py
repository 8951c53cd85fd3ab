"""Loss terms on the model, the batch and its provenance. One regularizer, one file.

Each is a class with `Params` and a function of a training step that returns a scalar to add to the loss; `guidance`
holds the mathematics of gradient guidance. To add one, copy the nearest file and add its line to
`registry/builtins.py`. Raise `version` when the same parameters would give another loss.
"""
