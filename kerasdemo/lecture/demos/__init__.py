"""The demos of the lecture, one file a demo."""
