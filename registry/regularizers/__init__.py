"""Loss terms on the model, the batch and its provenance: one regularizer, one file."""
