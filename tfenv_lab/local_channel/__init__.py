"""Use of a local channel, built from PyPI wheels, if the configured channels cannot be reached."""
