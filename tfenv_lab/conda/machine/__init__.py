"""What this machine offers to packages."""
