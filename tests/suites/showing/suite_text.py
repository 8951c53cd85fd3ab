"""The text of a suite to which a test may add tables."""

BASE = """\
name: s
tasks:
  toy: {variant: mini}
  waterbirds: {params: {protocol: alia}}
  cub-wsol: {}
methods:
  baseline: {}
  cutmix: {augmentation: cutmix}
  guided: {augmentation: cutmix, regularizers: [gradient-guidance], sweep: {gradient-guidance.alpha: [0.1, 0.3]}}
tables:
"""
