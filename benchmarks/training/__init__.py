"""The one training loop, on mmengine's Runner: by one process, or by several together."""
