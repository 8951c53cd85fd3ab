"""Measurements of provbench itself: each script prints numbers that mean the same on any machine.

`store`, `orchestration`, `guidance` and `video_map` print ratios to a reference measured in the same run; `path_length`
counts the files that one run passes through. Run them by `python -m provbench.tools.bench.store`; they are no tests,
and nothing imports them.
"""
