"""What people look at: HTML pages of runs, comparisons, tunings, the lecture; files or live."""
