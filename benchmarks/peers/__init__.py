"""Compare tfenv_lab with conda and mamba-gator: the same work, on the same channel, in turn.

Every tool has an empty home directory of its own, and every time is that of a whole process or of a whole call over
HTTP with its job. Two variables name the peers, and a peer that is not named is left out:

- ``TFENV_CONDA``: the ``conda`` program of an installation
- ``TFENV_GATOR``: a Python interpreter with mamba_gator and jupyter_server

The channel is a small one, unless ``--full`` asks for real TensorFlow. ``--markdown`` writes ``docs/performance.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..measure import Measure
from .comparison import ROUNDS, compare

_PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
_INTRODUCTION = f"""# Performance

`python -m benchmarks peers --markdown` writes this page. It gives the same work to tfenv_lab, conda and mamba-gator,
on the same channel, in turn, {ROUNDS} times each. The table has the median seconds, and in brackets the ratio to
conda. The time of a command is that of its whole process, and the time of REST is that of the calls and the job
together. Every tool has an empty home directory of its own.

The floor of a row is what no tool can save: a copy of the environment with hard links, the unpacking of the archives,
or the start of Python.

"""


def measures(full: bool = False, markdown: bool = False) -> Iterator[Measure]:
    """Print the table of medians, and yield the ratios that have a limit."""
    table = compare(full)
    print(table.text(), flush=True)
    if markdown:
        _PAGE.write_text(_INTRODUCTION + table.markdown())
    yield from table.measures()
