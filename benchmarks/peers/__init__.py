"""Compare tfenv_lab with conda and mamba-gator: the same work, on the same channel, in turn.

Every tool has an empty home directory of its own, and every time is that of a whole process or of a whole call over
HTTP with its job. Two variables name the peers, and a peer that is not named is left out:

- ``TFENV_CONDA``: the ``conda`` program of an installation
- ``TFENV_GATOR``: a Python interpreter with mamba_gator and jupyter_server

The channel is a small one, unless ``--full`` asks for real TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..measure import Measure
from .comparison import compare


def measures(full: bool = False) -> Iterator[Measure]:
    """Print the table of medians, and yield the ratios that have a limit."""
    table = compare(full)
    print(table.text(), flush=True)
    yield from table.measures()
