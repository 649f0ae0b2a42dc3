"""The channels on which the tools are compared, and what is installed from them."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import fill

from ..transactions import channel as tensorflow_channel
from ..transactions import releases

#: Packages of the small channel, files of each, and bytes of each file.
PACKAGES, FILES, BYTES = 60, 60, 12_000
#: How many of the packages have a second version.
UPDATED = 15


@dataclass(frozen=True)
class Contents:
    """A channel, and the specs of an environment before and after an update."""

    url: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    #: A package with several versions, and a text to search for.
    package: str
    query: str


def small(folder: Path) -> Contents:
    """Build a channel with packages of random bytes, which cannot be compressed, and stand-ins for TensorFlow."""
    channel = fill(TinyChannel(folder))
    randomness = random.Random(1)

    def add(number: int, version: str) -> str:
        name = f"bulk-{number}"
        files = {f"share/{name}/{each}.bin": randomness.randbytes(BYTES) for each in range(FILES)}
        channel.add(name, version, noarch="generic", files=files)
        return f"{name} =={version}"

    before = [add(number, "1.0") for number in range(PACKAGES)]
    after = [add(number, "2.0") for number in range(UPDATED)] + before[UPDATED:]
    channel.add("bulk", "1.0", noarch="generic", depends=before)
    channel.add("bulk", "2.0", noarch="generic", depends=after)
    channel.index()
    stubs = ("tensorflow", "ipykernel")
    return Contents(channel.url, ("bulk=1.0", *stubs), ("bulk=2.0",), "tensorflow", "bulk")


def full() -> Contents:
    """Return the channel with real TensorFlow. Raises Skipped if it is not built."""
    url = tensorflow_channel()
    older, newer = releases(url)
    rest = (f"python={sys.version_info.major}.{sys.version_info.minor}", "keras", "ipykernel", "pip")
    return Contents(
        url, (f"tensorflow={older}.*=cpu_*", *rest), (f"tensorflow={newer}.*=cpu_*", *rest), "tensorflow", "tensor"
    )
