"""Scores the boxes of all contours of a map at all thresholds in one sweep; `component_tree` says how."""
