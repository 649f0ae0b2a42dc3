"""A channel with two small TensorFlow releases of conda-forge's shape. It is on the disk, so jobs take a moment."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.tiny_channel import TinyChannel

#: A package whose name does not fit in the column of a narrow panel.
LONG = ("tensorflow_datasets_preprocessing", "1.0")


def small_channel(folder: Path, releases: tuple[str, ...] = ("2.19.1", "2.20.0"), weights: bytes = b"") -> TinyChannel:
    """Make the channel in ``folder``. ``weights`` is a file in each release."""
    channel = TinyChannel(folder)
    channel.add("python", "3.11.9", build="h1_0_cpython", constrains=["python_abi 3.11.* *_cp311"])
    channel.add("python_abi", "3.11", build="1_cp311", noarch="generic", depends=["python 3.11.*"])
    for name, version in (("ipykernel", "7.0.0"), ("pip", "26.0"), ("keras", "3.10.0"), LONG):
        channel.add(name, version, build="pyh1_0", noarch="python", depends=["python >=3.10"])
    build = "cpu_py311h1_0"
    needs = ["python >=3.11,<3.12.0a0", "python_abi 3.11.* *_cp311"]
    for release in releases:
        channel.add(
            "tensorflow-base", release, build=build, depends=[*needs, "keras >=3.5", LONG[0]],
            files={"share/weights": weights},
        )  # fmt: skip
        channel.add("tensorflow", release, build=build, depends=[*needs, f"tensorflow-base =={release} {build}"])
    channel.index()
    return channel
