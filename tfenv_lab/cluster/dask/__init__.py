"""Dask Distributed as the way to the nodes. Only this room imports ``distributed``."""
