"""Filters, which judge generated images.

One filter, one file. Each is a `Filter` of `generation.seams`; the manifest counts what it keeps and drops. Raise
`version` when the same parameters would judge otherwise.
"""
