"""``Requires-Dist`` of wheels as conda dependencies."""

from __future__ import annotations

import re

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from .interpreter import Interpreter
from .resolve import DISTRIBUTION, Resolution
from .wheel import Wheel

_PYTHON = re.compile(r"\b(python_version|python_full_version|implementation_name|implementation_version)\b")
_SYSTEM = re.compile(r"\b(sys_platform|platform_system|os_name|platform_machine)\b")


def conda_name(name: str) -> str:
    """The normalised name; the CPU wheel's is ``tensorflow``, as on conda-forge."""
    normalised = str(canonicalize_name(name))
    return "tensorflow" if normalised == DISTRIBUTION else normalised


def version_spec(specifiers: SpecifierSet) -> str:
    """A specifier (PEP 440) in conda's words: ``~=`` and ``!=1.*`` are the same, ``==1.*`` is ``1.*``."""
    parts = []
    for specifier in specifiers:
        operator, version = specifier.operator, specifier.version
        if operator in ("==", "==="):
            operator = "" if version.endswith(".*") else "=="
        parts.append(operator + version)
    return ",".join(sorted(parts))


def spec(requirement: Requirement) -> str:
    """One requirement as a conda spec, ``numpy >=1.26,<2.2``. Markers and extras are not looked at."""
    return f"{conda_name(requirement.name)} {version_spec(requirement.specifier)}".strip()


class Dependencies:
    """Turns the requirements of one resolution's wheels into ``depends``."""

    def __init__(self, resolution: Resolution) -> None:
        self._environment = dict(resolution.environment)
        self._requirements = {
            str(canonicalize_name(wheel.name)): [Requirement(text) for text in wheel.requires]
            for wheel in resolution.wheels
        }

    def of(self, wheel: Wheel, interpreter: Interpreter) -> list[str]:
        """Return the ``depends`` of a wheel's package, without repetition.

        A pure wheel is good for every Python its metadata allows, unless an evaluated marker says that
        its dependencies differ between Pythons. Others are bound to the interpreter's ABI.
        """
        chosen = self._chosen(wheel.name, extra="")
        markers = " ".join(
            str(requirement.marker)
            for requirement in self._requirements.get(wheel.name, [])
            if "extra" not in str(requirement.marker)
        )
        found = []
        if wheel.pure:
            python = version_spec(SpecifierSet(wheel.metadata.get("Requires-Python") or ""))
            found.append(f"python {python}".strip())
            if _PYTHON.search(markers) or not wheel.any_python:
                found.append(f"python {interpreter.minor}.*")
            if _SYSTEM.search(markers):
                found.append("__linux")
        else:
            found += interpreter.depends
            if wheel.glibc:
                found.append(f"__glibc >={wheel.glibc},<3.0.a0")
        return list(dict.fromkeys([*found, *sorted(spec(requirement) for requirement in chosen)]))

    def _chosen(self, name: str, extra: str, seen: frozenset[tuple[str, str]] = frozenset()) -> list[Requirement]:
        """Evaluated requirements; conda knows no extras, so those of ``name[extra]`` are written out."""
        found: list[Requirement] = []
        if (name, extra) in seen:
            return found
        for requirement in self._requirements.get(name, []):
            marker = requirement.marker
            if marker and not marker.evaluate({**self._environment, "extra": extra}):
                continue
            if extra and "extra" not in str(marker):
                continue
            other = str(canonicalize_name(requirement.name))
            if other != name:
                found.append(requirement)
            for each in sorted(requirement.extras):
                found += self._chosen(other, each, seen | {(name, extra)})
        return found
