"""Runs against each other: statistics, comparisons, differences, claims."""
