"""A channel on the disk with two small TensorFlow releases, for jobs that take a moment."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import fill


def small_channel(folder: Path) -> TinyChannel:
    """Make the channel in ``folder``."""
    channel = TinyChannel(folder)
    # This name does not fit in the column of a narrow panel.
    channel.add("tensorflow_datasets_preprocessing", "1.0", noarch="generic")
    return fill(channel)


def extra_channel(folder: Path) -> TinyChannel:
    """Make a channel in ``folder`` with a package that the other one lacks."""
    channel = TinyChannel(folder)
    channel.add("only-extra", "1.0", noarch="generic")
    channel.index()
    return channel
