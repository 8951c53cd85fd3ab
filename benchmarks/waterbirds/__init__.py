"""Task `waterbirds`: classification of birds where the background misleads.

`data` reads the official folder and `mini` writes a small one in the same layout, `model` has the networks, `metrics`
accuracy by group, `task` the protocol, `pictures` what a report shows. `alia_order` is the order of samples that the
authors of ALIA trained with. The README names every source.
"""
