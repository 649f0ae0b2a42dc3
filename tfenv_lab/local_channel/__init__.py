"""Use of a local channel, which has the Python of this machine, if the configured channels cannot be reached."""
