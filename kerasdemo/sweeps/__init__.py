"""Many runs: expand an experiment, search a space, run on one machine or many."""
