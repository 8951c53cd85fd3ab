"""What the entry point names: importing it registers the plugins, and imports neither them nor torch."""

from provbench.registry import AUGMENTATIONS, REGULARIZERS

AUGMENTATIONS.add("half-mix", "provbench_example.half_mix:HalfMix")
REGULARIZERS.add("logit-decay", "provbench_example.logit_decay:LogitDecay")
