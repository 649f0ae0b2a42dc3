"""What takes the space on the disks, and what of it can be deleted."""
