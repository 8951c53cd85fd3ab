"""Online synthesis: how a batch is mixed while it is trained on. One augmentation, one file.

Each is a class with `Params` and a pure function of a batch and a generator; what several share is in `mixing`,
`parts`, `salient`, `blocks` and `grid_labelling`. To add one, copy the nearest file and add its line to
`registry/builtins.py`. Raise `version` when the same parameters would mix differently, since old records must not pass
for new ones.
"""
