"""A channel made of PyPI wheels, in place of configured channels that cannot be reached."""
