"""TensorFlow in the shape that conda-forge gives it, at its real size, for tests and benchmarks without conda-forge.

``python -m tests.repacked`` builds a conda channel of PyPI wheels in the user's cache, unless it exists, and prints its
URL. The wheels come from the index that pip is configured to use. The product has no such tool.
"""
