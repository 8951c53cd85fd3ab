"""Tasks `fewshot-…` and `longtail-…`: fine-grained classification from a few images of each class, or from ever fewer.

`splits` draws shots, folds, validation images and long tails, and `files` reads them from the files of others; `recipe`
has the parameters, `base` what the tasks share, `fewshot` and `longtail` the two kinds, and `tasks` one class a data
set. Official layouts are read by `benchmarks.layouts`. The README names every source.
"""
