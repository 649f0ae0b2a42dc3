"""Change a prefix in one transaction."""
