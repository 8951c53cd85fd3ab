"""From a suite file to its runs and tables."""
