"""Provbench's own speed: each script prints ratios to a reference measured in the same run."""
