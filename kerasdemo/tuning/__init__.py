"""The recipe: train, diagnose, try a remedy, keep what helps."""
