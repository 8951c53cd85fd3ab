"""What the entry point names: importing it registers the plugins, and imports neither them nor torch."""

from provbench.registry import AUGMENTATIONS, FIELDS, MODELS, REGULARIZERS, TASKS

AUGMENTATIONS.add("half-mix", "provbench_example.half_mix:HalfMix")
REGULARIZERS.add("logit-decay", "provbench_example.logit_decay:LogitDecay")
TASKS.add("shapes", "provbench_example.shapes:Shapes")
MODELS.add("stripes-net", "provbench_example.stripes_net:StripesNet", version="1")
FIELDS.add("seed-range", "provbench_example.seed_range:SeedRange")
