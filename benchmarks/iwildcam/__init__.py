"""Task `iwildcam`: classification of animals in camera traps at places that training did not see, in ALIA's splits.

`data` reads ALIA's CSV files and `mini` writes a small set in the same layout, `task` has the protocol and the crop.
The README names every source.
"""
