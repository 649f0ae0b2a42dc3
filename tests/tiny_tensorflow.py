"""Create a channel with tiny stand-ins for TensorFlow and its dependencies, in the structure of conda-forge.

The interpreter is a script that starts the one that runs the tests, and ``tensorflow`` is a module with only a version.
Names, builds and dependencies are those of conda-forge.
"""

from __future__ import annotations

import json
import sys

from .tiny_channel import TinyChannel

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = PYTHON.replace(".", "")
SITE = f"lib/python{PYTHON}/site-packages"

_INTERPRETER = '#!/bin/sh\nPYTHONPATH="/PLACEHOLDER/{site}:$PYTHONPATH" exec "{python}" "$@"\n'
_KERNEL = {
    "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
}


def fill(
    channel: TinyChannel, releases: tuple[str, ...] = ("2.19.1", "2.20.0"), python: str = sys.executable
) -> TinyChannel:
    """Add Python, ipykernel, pip, Keras and the TensorFlow ``releases`` (CPU builds), and index the channel.

    The interpreter starts ``python``.
    """
    channel.add(
        "python",
        f"{PYTHON}.9",
        build="h0_0_cpython",
        depends=["__unix"],
        constrains=[f"python_abi {PYTHON}.* *_cp{TAG}"],
        files={"bin/python": _INTERPRETER.format(site=SITE, python=python), f"{SITE}/README.txt": ""},
        executable=["bin/python"],
        prefixed=["bin/python"],
    )
    channel.add("python_abi", PYTHON, build=f"0_cp{TAG}", noarch="generic", files={"share/abi": TAG})
    channel.add("pip", "26.0", noarch="generic", depends=["python"])
    channel.add("numpy", "2.1.0", noarch="generic", depends=["python"])
    channel.add("numpy", "2.2.0", noarch="generic", depends=["python"])
    channel.add("pandas", "2.2.0", noarch="generic", depends=["python", "numpy >=2.1"])
    channel.add(
        "ipykernel",
        "7.0.0",
        noarch="generic",
        depends=["python"],
        files={"share/jupyter/kernels/python3/kernel.json": json.dumps(_KERNEL)},
    )
    for version in ("2.15.0", "3.5.0", "3.10.0"):
        files = {f"{SITE}/keras/__init__.py": f"__version__ = '{version}'\n"}
        channel.add("keras", version, noarch="generic", depends=["python", "numpy >=2"], files=files)
    for version in releases:
        build = f"cpu_py{TAG}h{version.replace('.', '')}_0"
        abi = f"python_abi {PYTHON}.* *_cp{TAG}"
        keras = "keras >=2.15,<3" if version.startswith("2.15") else "keras >=3.5"
        channel.add(
            "tensorflow-base",
            version,
            build=build,
            depends=["python", abi, keras, "numpy >=2"],
            files={f"{SITE}/tensorflow/__init__.py": f"__version__ = '{version}'\n"},
        )
        channel.add("tensorflow", version, build=build, depends=[f"tensorflow-base {version} {build}", "python", abi])
    channel.index()
    return channel
