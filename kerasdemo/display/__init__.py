"""Every picture, table and progress bar."""
