"""Diffusion models that generate images.

One generator, one file. Each is a `Generator` of `generation.seams`: it says which files it needs, and loads them as a
pipeline of diffusers. Raise `version` when the same parameters would generate other images.
"""
