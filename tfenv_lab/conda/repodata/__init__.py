"""Load and search channel data (repodata)."""
