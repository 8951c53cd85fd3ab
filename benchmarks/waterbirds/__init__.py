"""Classification under background shift: Waterbirds."""
