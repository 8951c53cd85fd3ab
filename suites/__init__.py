"""From a suite file to its runs and tables: file, planning, search, running, executors, driving, trackers, showing."""
