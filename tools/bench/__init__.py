"""Measurements of provbench itself: each script prints numbers that mean the same on any machine.

`store`, `tables`, `orchestration`, `guidance`, `data_path` and `video_map` print ratios to a reference measured in the
same run, `steps` the parts of a training step; `path_length` counts the files that one run passes through. Run them by
`python -m provbench.tools.bench.store`; they are no tests, and nothing imports them.
"""
