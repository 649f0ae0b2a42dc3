"""Make tiny environments in which workers really run: virtual environments of the Python of the tests."""

from __future__ import annotations

import platform
import shlex
import sys
from importlib import metadata
from pathlib import Path

from ..tensorflow.checks.fake_environment import tensorflow_code
from ..tiny_channel import TinyChannel

#: The interpreter below the virtual environment of the tests, if there is one.
_BASE = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
_SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def add_python(channel: TinyChannel, version: str = platform.python_version()) -> None:
    """Add a package “python” that is the Python of the tests, with what that can import."""
    paths = "\n".join(path for path in sys.path if path.endswith("site-packages"))
    channel.add(
        "python",
        version,
        files={
            # It finds pyvenv.cfg by the name that it is called with.
            "bin/python": f'#!/bin/bash\nexec -a "$0" {shlex.quote(str(_BASE))} "$@"\n',
            "pyvenv.cfg": f"home = {_BASE.parent}\n",
            f"{_SITE}/tests.pth": f"{paths}\n",
        },
        executable=["bin/python"],
    )


def add_app(channel: TinyChannel, version: str, *depends: str, broken: bool = False) -> None:
    """Add a version of the package “app”, which sets a variable when it is activated, and has a module."""
    module = 'raise ImportError("libapp.so is missing")' if broken else f'__version__ = "{version}"'
    channel.add(
        "app",
        version,
        depends=list(depends),
        files={
            f"{_SITE}/tensorflow/__init__.py": f"{module}\n",
            "etc/conda/env_vars.d/app.json": f'{{"APP_VERSION": "{version}"}}',
        },
    )


#: An all_reduce over the addresses of TF_CONFIG, between two ranks.
_DISTRIBUTE = """

class _Strategy:
    num_replicas_in_sync = 2

    def run(self, step):
        return step()

    def reduce(self, how, value, axis):
        import json, socket, time
        config = json.loads(os.environ["TF_CONFIG"])
        host, _, port = config["cluster"]["worker"][0].rpartition(":")
        if os.environ.get("FAULT") == "all_reduce":
            sys.exit("the network is down")
        if config["task"]["index"] == 0:
            with socket.create_server((host, int(port))) as server:
                other = server.accept()[0]
            other.sendall(b"1")
            return value + float(other.recv(1))
        for _ in range(600):
            try:
                other = socket.create_connection((host, int(port)))
                other.sendall(b"1")
                return value + float(other.recv(1))
            except OSError:
                time.sleep(0.05)
        return value


distribute = types.SimpleNamespace(MultiWorkerMirroredStrategy=_Strategy)
"""


def add_tensorflow(channel: TinyChannel) -> None:
    """Add a TensorFlow that a check can run, with an all_reduce. The variable FAULT breaks its import or all_reduce."""
    before = 'if os.environ.get("FAULT") == "import":\n    raise ImportError("libcudart.so.12 is missing")'
    modules = {
        "tensorflow": tensorflow_code(before=before) + _DISTRIBUTE,
        "keras": "__version__ = '3.5.0'\n",
        "numpy": "def ones(shape, kind):\n    return []\n",
    }
    files = {f"{_SITE}/{name}/__init__.py": code for name, code in modules.items()}
    channel.add("app", "3.0", depends=["python"], files=files)


def add_distributed(channel: TinyChannel, version: str = metadata.version("distributed")) -> None:
    """Add a package “distributed”, whose files are those of the tests."""
    channel.add("distributed", version, files={"share/distributed.txt": version})
