"""Make a channel with a TensorFlow that a check can run, and follow the remedies that a check names."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import python_package
from .conftest import Api
from .tensorflow.checks.fake_environment import tensorflow_code
from .tiny_channel import TinyChannel
from .tiny_tensorflow import PYTHON, SITE, TAG

_KERNEL = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}
_INFO = ("METADATA", "INSTALLER", "RECORD")
#: A Keras that hides why it cannot be imported, as TensorFlow's does.
_KERAS = """
import json, os
__version__ = "3.5.0"
import typing_extensions
try:
    import h5py
except ImportError:
    h5py = None
path = os.path.expanduser("~/.keras/keras.json")
backend = json.load(open(path)).get("backend") if os.path.exists(path) else None
backend = os.environ.get("KERAS_BACKEND") or backend or "tensorflow"
if backend != "tensorflow":
    raise ValueError("Unable to import backend : " + backend)
"""


def fill(channel: TinyChannel, folder: Path) -> TinyChannel:
    """Add a Python with its own prefix, ipykernel, and a TensorFlow with its dependencies; index the channel."""
    python_package.add(channel, folder)
    channel.add("python_abi", PYTHON, build=f"0_cp{TAG}", noarch="generic", files={"share/abi": TAG})
    kernel = {"share/jupyter/kernels/python3/kernel.json": json.dumps(_KERNEL)}
    channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"], files=kernel)
    add(channel, "numpy", "2.1.0", code="def ones(shape, kind):\n    return []\n")
    add(channel, "numpy", "2.3.0", code="raise ImportError('numpy.core.multiarray failed to import')")
    add(channel, "protobuf", "5.28.0", module="google/protobuf")
    add(channel, "protobuf", "6.31.0", module="google/protobuf")
    add(channel, "typing_extensions", "4.12.0", code="Self = 1\n")
    add(channel, "typing_extensions", "3.7.4")
    add(channel, "ml_dtypes", "0.5.1", depends=["numpy >=2"])
    add(channel, "ml_dtypes", "0.3.2")
    add(channel, "h5py", "3.12.1", depends=["numpy >=2"])
    add(channel, "h5py", "2.10.0")
    add(channel, "keras", "3.5.0", depends=["h5py >=3.11", "typing_extensions >=4.6", "numpy >=2"], code=_KERAS)
    build, abi = f"cpu_py{TAG}h219_0", f"python_abi {PYTHON}.* *_cp{TAG}"
    needs = ["keras >=3.5", "numpy >=2,<2.2", "protobuf >=4.25,<6", "ml_dtypes >=0.5,<0.6", "typing_extensions >=4"]
    code = tensorflow_code(
        before="import numpy, google.protobuf, ml_dtypes\nfrom typing_extensions import Self", keras_code="import keras"
    )
    channel.add(
        "tensorflow-base",
        "2.19.1",
        build=build,
        depends=["python", abi, *needs],
        files=files_of("tensorflow", "2.19.1", code),
    )
    channel.add("tensorflow", "2.19.1", build=build, depends=[f"tensorflow-base 2.19.1 {build}", "python", abi])
    channel.index()
    return channel


def add(
    channel: TinyChannel,
    name: str,
    version: str,
    *,
    depends: Sequence[str] = (),
    code: str = "",
    module: str | None = None,
) -> None:
    """Add a package with one module and the metadata of a Python package."""
    channel.add(name, version, depends=["python", *depends], files=files_of(name, version, code, module))


def files_of(name: str, version: str, code: str = "", module: str | None = None) -> Mapping[str, str]:
    """Return the files of a Python package, as conda-build installs them."""
    info = f"{SITE}/{name.replace('-', '_')}-{version}.dist-info"
    path = f"{module or name.replace('-', '_')}/__init__.py"
    return {
        f"{SITE}/{path}": code or f"__version__ = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/INSTALLER": "conda\n",
        f"{info}/RECORD": "".join(f"{each},,\n" for each in (path, *(f"{Path(info).name}/{n}" for n in _INFO))),
    }


async def create(api: Api) -> Any:
    """Create the environment “tf” with TensorFlow."""
    job = await api.apply(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
    assert job["state"] == "succeeded", job
    return await api.environment("tf")


async def check(api: Api, environment: Any) -> Any:
    """Check an environment, and return the result."""
    status, job = await api.call("POST", f"environments/{environment['id']}/checks")
    assert status == 202, job
    return (await api.finished(job["id"]))["result"]


async def follow(api: Api, environment: Any, problem: Any) -> None:
    """Do what the button of a problem's remedy does."""
    remedy = problem["remedy"]
    assert remedy is not None, problem
    if remedy["kernelspec"] is not None:
        status, answer = await api.call("PUT", f"environments/{environment['id']}/kernelspec", remedy["kernelspec"])
        assert status == 200, answer
        return
    assert remedy["plan_request"] is not None, problem
    plan = await api.plan(**remedy["plan_request"])
    assert plan["entries"], (problem, plan)
    status, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert status == 202, job
    assert (await api.finished(job["id"]))["state"] == "succeeded"


async def follow_all(api: Api, environment: Any, rounds: int = 4) -> list[str]:
    """Follow the first remedy of each check until a check finds no problem. Return the codes of the problems."""
    codes: list[str] = []
    for _ in range(rounds):
        result = await check(api, environment)
        if result["ok"]:
            return codes
        codes.append(result["problems"][0]["code"])
        await follow(api, environment, result["problems"][0])
    raise AssertionError(result["problems"])


def pip_install(environment: Any, folder: Path, *requirements: str) -> None:
    """Install wheels of ``folder`` with the environment's own pip, without what they need, as users do."""
    program = f"{environment['prefix']}/bin/python"
    command = [program, "-m", "pip", "install", "--no-deps", "--no-index", "--find-links", str(folder), *requirements]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PIP_CONFIG_FILE": os.devnull})
