"""The rules: what is wrong with a run, and why. catalogue.py puts them in order."""
