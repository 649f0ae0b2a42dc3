"""Reading, writing and measuring file systems."""
