"""Detect the machine's properties that packages depend on."""
