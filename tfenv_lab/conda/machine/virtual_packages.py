"""What this machine offers to packages: kernel, C library, processor, CUDA driver.

The rules are conda's (``conda/plugins/virtual_packages``): ``CONDA_OVERRIDE_<NAME>``, or where that is not set
condarc's ``override_virtual_packages``, replaces what was detected, and an empty value takes the package away,
except that an empty one for ``__linux`` leaves it at version 0.
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
from . import nvidia

if TYPE_CHECKING:
    from ..settings.condarc import CondaSettings


_CUDA = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}")
_KERNEL = re.compile(r"\d+\.\d+(\.\d+)?(\.\d+)?")
#: conda's names for the oldest processor of an architecture that is not called so itself (``get_archspec_name``).
_BASELINE = {"64": "x86_64", "32": "x86"}


@cache
def _detected() -> tuple[GenericVirtualPackage, ...]:
    """Return what the machine has, without overrides; asked once, since loading libcuda may take a second."""
    return tuple(package.into_generic() for package in VirtualPackage.detect())


def _package(name: str, version: str, build: str = "0") -> GenericVirtualPackage:
    try:
        return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
    except InvalidVersionError as error:
        message = f"“{version[:40]}” is not a version of {name}, which {_variable(name)} or condarc sets."
        hint = f"Set {_variable(name)} to a version, or leave it out."
        raise InvalidRequest(message, str(error), hint) from error


def _variable(name: str) -> str:
    return f"CONDA_OVERRIDE_{name.removeprefix('__').upper()}"


def _machine(subdir: str) -> dict[str, GenericVirtualPackage]:
    """Return the packages that count for ``subdir``: the machine's own, or the least of another platform."""
    found = {package.name.normalized: package for package in _detected()}
    if subdir == str(Subdir.current()):
        return found
    family, _, architecture = subdir.partition("-")
    kernel = {"linux": ("__unix", "__linux"), "osx": ("__unix", "__osx"), "win": ("__win",)}.get(family, ())
    foreign = {name: _package(name, "0") for name in kernel}
    if architecture:
        foreign["__archspec"] = _package("__archspec", "1", _BASELINE.get(architecture, architecture))
    foreign.update((name, found[name]) for name in kernel if name in found)
    if family == "linux":
        # conda assumes a C library that it cannot ask, and knows no version of it (``linux_get_libc_version``).
        foreign["__glibc"] = found.get("__glibc") or _package("__glibc", "0")
    foreign.update((name, found[name]) for name in ("__cuda",) if name in found)
    return foreign


def _allowed(subdir: str) -> tuple[str, ...]:
    """Return the names conda lets ``CONDA_OVERRIDE_*`` set on ``subdir``."""
    family = subdir.partition("-")[0]
    own = {"linux": ("__linux", "__glibc"), "osx": ("__osx",), "win": ("__win",)}.get(family, ())
    return (*own, "__cuda", "__archspec")


def overrides(settings: CondaSettings, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the ``CONDA_OVERRIDE_*`` that count: the variables, and below them what condarc has for the same."""
    configured = settings.override_virtual_packages.items()
    return {
        **{_variable(name): value for name, value in configured if name == name.lower()},
        **{name: value for name, value in env.items() if name.startswith("CONDA_OVERRIDE_")},
    }


def detect(
    overrides: Mapping[str, str] = os.environ, cuda: str | None = None, subdir: str | None = None
) -> list[GenericVirtualPackage]:
    """Return the virtual packages a solve must see.

    ``overrides`` holds ``CONDA_OVERRIDE_*`` (see :func:`overrides`). ``cuda`` is a version such as ``"12.6"`` that a
    person asked for; it wins over both the driver and the variable. ``subdir`` is the platform solved
    for (default: ``current_subdir()``). Raises InvalidRequest for a text that is not a version.
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
                # What follows the numbers is the vendor's (linux_version_validate).
                kernel = _KERNEL.match(value)
                value = kernel[0] if kernel else "0"
            found[name] = _package(name, "1", value) if name == "__archspec" else _package(name, value)
        elif name == "__linux":
            found[name] = _package(name, "0")
        else:
            found.pop(name, None)
    if cuda is not None:
        if not _CUDA.fullmatch(cuda):
            raise InvalidRequest(f"“{cuda[:40]}” is not a CUDA version.", hint="Write one as in “12.6”.")
        found["__cuda"] = _package("__cuda", cuda)
    return list(found.values())


def in_force(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return those of the ``CONDA_OVERRIDE_*`` that change what ``detect`` returns on this platform."""
    names = map(_variable, _allowed(current_subdir()))
    return {name: overrides[name] for name in names if name in overrides}


def describe(packages: Iterable[GenericVirtualPackage]) -> list[dict[str, str]]:
    """Return ``[{name, version, build}]``, as the REST contract shows virtual packages."""
    return [
        {"name": package.name.normalized, "version": str(package.version), "build": str(package.build_string)}
        for package in packages
    ]


def version_of(packages: Iterable[GenericVirtualPackage], name: str) -> str | None:
    """Return the version of the virtual package ``name``, or None where it is absent."""
    return next((str(package.version) for package in packages if package.name.normalized == name), None)


def gpu(overrides: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return ``{detected, cuda, driver}``.

    ``detected``: an NVIDIA driver answered on this machine. ``cuda``: the CUDA version that solves use,
    overrides included, or None. ``driver``: the driver's own version, or None where it is not known.
    """
    here = version_of(_detected(), "__cuda") is not None
    return {
        "detected": here,
        "cuda": version_of(detect(overrides), "__cuda"),
        "driver": nvidia.driver_version() if here else None,
    }


def usable_cuda(overrides: Mapping[str, str] = os.environ) -> str | None:
    """Return the CUDA version that a program started here finds, or None.

    A variable can take a driver away, but cannot bring one that is not there.
    """
    # Not by gpu(), which may run a program to learn the driver's version: advice asks on the event loop.
    is_here = version_of(_detected(), "__cuda") is not None
    return version_of(detect(overrides), "__cuda") if is_here else None


def current_subdir() -> str:
    """Return the conda subdir of this machine, ``linux-64``; ``CONDA_SUBDIR`` overrides it, as it does for conda."""
    from rattler import Subdir

    return os.environ.get("CONDA_SUBDIR", "").strip() or str(Subdir.current())
