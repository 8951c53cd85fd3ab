"""Policies that choose the descriptions in the prompts of generated images.

One policy, one file; what several share is in `draws`. Each is a `PromptPolicy` of `generation.seams`, a function of
class, number and seed alone. Raise `version` when the same parameters would choose otherwise.
"""
