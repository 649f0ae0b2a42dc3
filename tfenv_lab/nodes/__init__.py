"""Bring a lock to this machine: what commands, scripts of clusters and image builds call. Imports no Jupyter."""
