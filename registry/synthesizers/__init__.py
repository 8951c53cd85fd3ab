"""Offline synthesis: one synthesizer, one file, and the synthetic set that all of them write."""
