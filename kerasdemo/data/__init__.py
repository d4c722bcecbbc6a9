"""Which examples: named sets, files, their split, scaling, fingerprint and baselines."""
