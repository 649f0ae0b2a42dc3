"""Detect virtual packages: the machine's kernel, C library, processor and CUDA driver.

The rules are conda's (``conda/plugins/virtual_packages``). ``CONDA_OVERRIDE_<NAME>``, or if that is not set, condarc's
``override_virtual_packages``, replaces a detected package. An empty value removes the package, except that ``__linux``
then stays with version 0.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from rattler import BuildString, GenericVirtualPackage, PackageName, Subdir, Version, VirtualPackage
from rattler.exceptions import InvalidVersionError

from ...errors import InvalidRequest
from ...sentences import say
from ...versions import CUDA_VERSION
from . import nvidia

if TYPE_CHECKING:
    from ..settings.condarc import CondaSettings


_KERNEL = re.compile(r"\d+\.\d+(\.\d+)?(\.\d+)?")
#: conda's names for the baseline processor of architectures with another name (``get_archspec_name``).
_BASELINE = {"64": "x86_64", "32": "x86"}


@cache
def detected() -> tuple[GenericVirtualPackage, ...]:
    """Return the machine's packages without overrides, detected once, since loading libcuda can take a second."""
    return tuple(package.into_generic() for package in VirtualPackage.detect())


def _package(name: str, version: str, build: str = "0") -> GenericVirtualPackage:
    try:
        return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
    except InvalidVersionError as error:
        message = say(
            "“{version}”, which {variable} or condarc sets for {name}, is not a version.",
            version=version[:40],
            variable=_variable(name),
            name=name,
        )
        hint = say("Set {variable} to a version, or remove it.", variable=_variable(name))
        raise InvalidRequest(message, str(error), hint) from error


def _variable(name: str) -> str:
    return f"CONDA_OVERRIDE_{name.removeprefix('__').upper()}"


def _machine(subdir: str) -> dict[str, GenericVirtualPackage]:
    """Return the packages for ``subdir``: the machine's own, or the minimum for another platform."""
    found = {package.name.normalized: package for package in detected()}
    if subdir == str(Subdir.current()):
        return found
    family, _, architecture = subdir.partition("-")
    kernel = {"linux": ("__unix", "__linux"), "osx": ("__unix", "__osx"), "win": ("__win",)}.get(family, ())
    foreign = {name: _package(name, "0") for name in kernel}
    if architecture:
        foreign["__archspec"] = _package("__archspec", "1", _BASELINE.get(architecture, architecture))
    foreign.update((name, found[name]) for name in kernel if name in found)
    if family == "linux":
        # conda assumes a C library even if it cannot find its version (``linux_get_libc_version``).
        foreign["__glibc"] = found.get("__glibc") or _package("__glibc", "0")
    foreign.update((name, found[name]) for name in ("__cuda",) if name in found)
    return foreign


def _allowed(subdir: str) -> tuple[str, ...]:
    """Return the names that conda allows ``CONDA_OVERRIDE_*`` to set on ``subdir``."""
    family = subdir.partition("-")[0]
    own = {"linux": ("__linux", "__glibc"), "osx": ("__osx",), "win": ("__win",)}.get(family, ())
    return (*own, "__cuda", "__archspec")


def overrides(settings: CondaSettings, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the effective ``CONDA_OVERRIDE_*``: the variables, then condarc's values for those that are not set."""
    configured = settings.override_virtual_packages.items()
    return {
        **{_variable(name): value for name, value in configured if name == name.lower()},
        **{name: value for name, value in env.items() if name.startswith("CONDA_OVERRIDE_")},
    }


def detect(
    overrides: Mapping[str, str] = os.environ, cuda: str | None = None, subdir: str | None = None
) -> list[GenericVirtualPackage]:
    """Return the virtual packages for a solve.

    ``overrides`` holds ``CONDA_OVERRIDE_*`` (see :func:`overrides`). ``cuda`` is a version such as ``"12.6"`` that a
    user requested; it overrides both the driver and the variable. ``subdir`` is the platform to solve for (default:
    ``current_subdir()``). Raises InvalidRequest if a value is not a version.
    """
    target = subdir or current_subdir()
    found = _machine(target)
    for name in _allowed(target):
        value = overrides.get(_variable(name))
        if value is None:
            continue
        if value.strip():
            value = value.strip()
            if name == "__linux":
                # The vendor's suffix after the numbers does not count (linux_version_validate).
                kernel = _KERNEL.match(value)
                value = kernel[0] if kernel else "0"
            found[name] = _package(name, "1", value) if name == "__archspec" else _package(name, value)
        elif name == "__linux":
            found[name] = _package(name, "0")
        else:
            found.pop(name, None)
    if cuda is not None:
        if not CUDA_VERSION.fullmatch(cuda):
            raise InvalidRequest(
                say("“{cuda}” is not a CUDA version.", cuda=cuda[:40]), hint=say("Write a version such as “12.6”.")
            )
        found["__cuda"] = _package("__cuda", cuda)
    return list(found.values())


def in_force(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the ``CONDA_OVERRIDE_*`` that affect the result of ``detect`` on this platform."""
    names = map(_variable, _allowed(current_subdir()))
    return {name: overrides[name] for name in names if name in overrides}


def describe(packages: Iterable[GenericVirtualPackage]) -> list[dict[str, str]]:
    """Return ``[{name, version, build}]``, as the REST contract shows virtual packages."""
    return [
        {"name": package.name.normalized, "version": str(package.version), "build": str(package.build_string)}
        for package in packages
    ]


def version_of(packages: Iterable[GenericVirtualPackage], name: str) -> str | None:
    """Return the version of the virtual package ``name``, or None if it is absent."""
    return next((str(package.version) for package in packages if package.name.normalized == name), None)


def gpu(overrides: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return ``{detected, cuda, driver}``.

    ``detected``: whether an NVIDIA driver answered on this machine. ``cuda``: the CUDA version that solves use, with
    overrides, or None. ``driver``: the version of the driver, or None if it is unknown.
    """
    here = version_of(detected(), "__cuda") is not None
    return {
        "detected": here,
        "cuda": version_of(detect(overrides), "__cuda"),
        "driver": nvidia.driver_version() if here else None,
    }


def usable_cuda(overrides: Mapping[str, str] = os.environ) -> str | None:
    """Return the CUDA version that a program on this machine finds, or None.

    A variable can hide a driver, but cannot add one.
    """
    # Not by gpu(), which may run a program to learn the driver's version: advice asks on the event loop.
    is_here = version_of(detected(), "__cuda") is not None
    return version_of(detect(overrides), "__cuda") if is_here else None


def current_subdir() -> str:
    """Return the conda subdir of this machine, such as ``linux-64``. As in conda, ``CONDA_SUBDIR`` overrides it."""
    from rattler import Subdir

    return os.environ.get("CONDA_SUBDIR", "").strip() or str(Subdir.current())
