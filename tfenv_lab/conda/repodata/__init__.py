"""What the channels hold."""
