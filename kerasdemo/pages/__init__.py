"""What people look at: HTML pages of runs, comparisons, tunings and the lecture; as files or live."""
