"""What an environment's directory holds, and the files that conda keeps about it."""
