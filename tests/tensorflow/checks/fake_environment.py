"""Environments with a fake TensorFlow: a real Python, and a module of a few lines that behaves as a test needs.

It replaces TensorFlow so that a test produces a problem in milliseconds, on a machine that does not have the problem.
"""

from __future__ import annotations

import json
import sys
import textwrap
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_TENSORFLOW = """
import contextlib, os, signal, sys, types

{before}

__version__ = {version!r}


class _Device:
    def __init__(self, kind, number):
        self.name, self.device_type = "/physical_device:%s:%d" % (kind, number), kind


class _Ones(list):
    def __getitem__(self, at):
        return 64.0


def _devices():
    {devices_code}
    return [_Device(kind, number) for number, kind in enumerate({devices!r})]


def ones(shape):
    return _Ones()


def constant(value):
    return value


def function(work, jit_compile=False):
    {xla_code}
    return work


def device(name):
    return contextlib.nullcontext()


class _Sequential:
    def __init__(self, layers):
        pass

    def compile(self, **options):
        pass

    def fit(self, x, y, **options):
        {fit_code}


sysconfig = types.SimpleNamespace(get_build_info=lambda: {build!r})
config = types.SimpleNamespace(
    list_physical_devices=_devices,
    experimental=types.SimpleNamespace(get_device_details=lambda device: {{"device_name": "Fake GPU"}}),
)
linalg = types.SimpleNamespace(matmul=lambda a, b: a)


class _Keras:
    Sequential = _Sequential
    layers = types.SimpleNamespace(Dense=lambda units: None)

    @property
    def Model(self):
        {keras_code}
        import {keras_module}
        return types.SimpleNamespace(__module__="{keras_module}.src.models")


keras = _Keras()
"""


def tensorflow_code(
    version: str = "2.19.1",
    *,
    cuda: str | None = None,
    devices: Sequence[str] = ("CPU",),
    keras_module: str = "keras",
    before: str = "",
    devices_code: str = "pass",
    keras_code: str = "pass",
    fit_code: str = "pass",
    xla_code: str = "pass",
) -> str:
    """Return the code of a TensorFlow. The parts run at import, and in the functions that they are named after."""
    return _TENSORFLOW.format(
        version=version,
        build={"is_cuda_build": True, "cuda_version": cuda} if cuda else {"is_cuda_build": False},
        devices=list(devices),
        before=before,
        devices_code=devices_code,
        keras_code=keras_code,
        keras_module=keras_module,
        fit_code=fit_code,
        xla_code=xla_code,
    )


class FakeEnvironment:
    """An environment at ``prefix``, with methods that add to it."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        venv.EnvBuilder(symlinks=True).create(prefix)
        self.site_packages = prefix / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        (prefix / "conda-meta").mkdir()
        self.module("numpy", "def ones(shape, kind):\n    return []\n")

    def module(self, name: str, code: str, folder: Path | None = None) -> None:
        """Write a package of one file."""
        package = (folder or self.site_packages) / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(textwrap.dedent(code))

    def tensorflow(
        self, version: str = "2.19.1", *, keras: str | None = "3.5.0", folder: Path | None = None, **parts: Any
    ) -> None:
        """Write a TensorFlow and its Keras; ``parts`` are those of ``tensorflow_code``."""
        self.module("tensorflow", tensorflow_code(version, **parts), folder)
        if keras is not None:
            self.module(parts.get("keras_module", "keras"), f"__version__ = {keras!r}\n", folder)

    def distribution(
        self,
        name: str,
        version: str,
        *,
        requires: Sequence[str] = (),
        installer: str = "conda",
        folder: Path | None = None,
    ) -> None:
        """Write the metadata of a Python package."""
        info = (folder or self.site_packages) / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {text}" for text in requires)]) + "\n")
        (info / "INSTALLER").write_text(f"{installer}\n")

    def conda(
        self, name: str, version: str, build: str = "0", depends: Sequence[str] = (), files: Sequence[str] = ()
    ) -> None:
        """Write a conda record. ``files`` are below site-packages; they need not exist."""
        site = self.site_packages.relative_to(self.prefix).as_posix()
        paths = [f"{site}/{path}" for path in files]
        record = {"name": name, "version": version, "build": build, "depends": list(depends), "files": paths}
        (self.prefix / "conda-meta" / f"{name}-{version}-{build}.json").write_text(json.dumps(record))
