"""Compare tfenv_lab with conda and mamba-gator: the same work, on the same channel, in turn.

Every tool has an empty home directory of its own, and every time is that of a whole process or of a whole call over
HTTP with its job. Two variables name the peers:

- ``TFENV_CONDA``: the program ``conda`` of an installation, or a checkout of conda, which is then set up with
  pip. Without it, the peers are left out.
- ``TFENV_GATOR``: a Python interpreter with mamba_gator and jupyter_server. Without it, pip installs them.

The channel is a small one, unless ``--full`` asks for real TensorFlow. ``--markdown`` writes ``docs/performance.md``.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import page
from ..measure import Measure
from .comparison import compare


def measures(full: bool = False, markdown: bool = False) -> Iterator[Measure]:
    """Print the table of medians, and yield the ratios that have a limit."""
    table = compare(full)
    print(table.text(), flush=True)
    if markdown:
        page.write("peers", table.markdown())
    yield from table.measures()
