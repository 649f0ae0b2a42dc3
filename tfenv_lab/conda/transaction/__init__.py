"""How a prefix changes."""
