"""Samplers, which draw images from a generator: from a prompt, or from a training image and a prompt.

One sampler, one file; what several share is in `common`. Each is an `ImageSampler` of `generation.seams`. Raise
`version` when the same parameters would draw other images.
"""
