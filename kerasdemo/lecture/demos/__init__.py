"""The demos of the lecture, one file each, and what they share."""
