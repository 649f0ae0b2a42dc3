"""Bring an environment to the workers of a cluster: a plan whose entries are nodes, and a job that installs on each."""
