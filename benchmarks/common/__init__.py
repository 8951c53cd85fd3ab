"""What the image tasks share: reading, drawing, fingerprints."""
