"""Online synthesis: one augmentation, one file."""
