"""Weakly supervised object localisation on CUB-200-2011."""
