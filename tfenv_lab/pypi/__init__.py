"""The PyPI engine: uv resolves and installs what a Python package index holds. Only this room runs uv."""
