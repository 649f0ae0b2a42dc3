"""From specs to records."""
