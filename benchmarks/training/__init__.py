"""The one training loop, on mmengine's Runner."""
