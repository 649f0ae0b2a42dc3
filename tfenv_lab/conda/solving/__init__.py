"""Solve specs into records."""
