"""Compare tfenv_lab with conda and mamba-gator: the same work, on the same channel, in turn.

Every tool has an empty home directory of its own, and every time is that of a whole process or of a whole call over
HTTP with its job. Two variables name the peers, and a peer that is not named is left out:

- ``TFENV_CONDA``: the ``conda`` program of an installation
- ``TFENV_GATOR``: a Python interpreter with mamba_gator and jupyter_server

The channel is a small one, unless ``--full`` asks for real TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..measure import Measure
from .comparison import compare

_PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
#: Where the table begins in the page; the page ends with it.
_MARK = "<!-- The table below is written by python -m benchmarks peers --full --markdown. -->"


def measures(full: bool = False, markdown: bool = False) -> Iterator[Measure]:
    """Print the table of medians, and yield the ratios that have a limit."""
    table = compare(full)
    print(table.text(), flush=True)
    if markdown:
        text = _PAGE.read_text()
        _PAGE.write_text(text[: text.index(_MARK)] + f"{_MARK}\n\n{table.markdown()}")
    yield from table.measures()
