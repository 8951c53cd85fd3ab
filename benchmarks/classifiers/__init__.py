"""Networks that several tasks train: ResNets, vision transformers, CLIP with low-rank adapters.

`resnet`, `vit`, `clip` and `sat` hold one family each, with the tiny ones of the mini sets; `layers` tells which layers
learn how fast. Pretrained weights are found by `common`. A network has the methods of a protocol in
`registry/models.py`, and nothing here knows a task.
"""
