"""Read, write and measure file systems."""
