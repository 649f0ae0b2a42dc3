"""``Requires-Dist`` of wheels as conda dependencies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from .interpreter import Interpreter
from .resolve import DISTRIBUTION
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
    """Turns the requirements of one resolution's wheels into ``depends``.

    ``environment``: marker values of the Python that the wheels were resolved for.
    """

    def __init__(self, environment: Mapping[str, str], wheels: Iterable[Wheel]) -> None:
        self._environment = dict(environment)
        self._wheels = {wheel.name: wheel for wheel in wheels}

    def of(self, wheel: Wheel, interpreter: Interpreter) -> list[str]:
        """Return the ``depends`` of a wheel's package, without repetition.

        A pure wheel is good for every Python its metadata allows, unless an evaluated marker says that
        its dependencies differ between Pythons. Others are bound to the interpreter's ABI.
        """
        chosen = self._requirements(wheel, extra="")
        markers = " ".join(
            str(requirement.marker)
            for requirement in wheel.requirements
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

    def _requirements(self, wheel: Wheel, extra: str) -> list[Requirement]:
        """Evaluated requirements; conda knows no extras, so those of ``name[extra]`` are written out."""
        found = []
        for requirement in wheel.requirements:
            marker = requirement.marker
            if marker and not marker.evaluate({**self._environment, "extra": extra}):
                continue
            if extra and "extra" not in str(marker):
                continue
            found.append(requirement)
            target = self._wheels.get(str(canonicalize_name(requirement.name)))
            if target and target is not wheel:
                for name in sorted(requirement.extras):
                    found += self._requirements(target, name)
        return found
