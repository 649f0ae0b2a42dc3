"""Files that describe an environment."""
