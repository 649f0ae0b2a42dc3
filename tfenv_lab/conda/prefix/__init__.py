"""Read an environment's directory, and read and write the files that conda keeps about it."""
