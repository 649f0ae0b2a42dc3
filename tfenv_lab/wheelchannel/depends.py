"""Translate ``Requires-Dist`` of wheels to conda dependencies."""

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
    """Return the normalized name (PEP 503). The CPU wheel becomes ``tensorflow``, as on conda-forge."""
    normalized = str(canonicalize_name(name))
    return "tensorflow" if normalized == DISTRIBUTION else normalized


def version_spec(specifiers: SpecifierSet) -> str:
    """Translate specifiers (PEP 440) to conda's syntax: ``==1.*`` becomes ``1.*``; ``~=`` and ``!=1.*`` stay."""
    parts = []
    for specifier in specifiers:
        operator, version = specifier.operator, specifier.version
        if operator in ("==", "==="):
            operator = "" if version.endswith(".*") else "=="
        parts.append(operator + version)
    return ",".join(sorted(parts))


def spec(requirement: Requirement) -> str:
    """Translate a requirement to a conda spec, ``numpy >=1.26,<2.2``, ignoring its markers and extras."""
    return f"{conda_name(requirement.name)} {version_spec(requirement.specifier)}".strip()


class Dependencies:
    """The requirements of one resolution's wheels, translated to ``depends``."""

    def __init__(self, resolution: Resolution) -> None:
        self._environment = dict(resolution.environment)
        self._requirements = {
            str(canonicalize_name(wheel.name)): [Requirement(text) for text in wheel.requires]
            for wheel in resolution.wheels
        }

    def of(self, wheel: Wheel, interpreter: Interpreter) -> list[str]:
        """Return the ``depends`` of a wheel's package, without duplicates.

        A pure wheel supports every Python that its metadata allows, unless a marker makes its dependencies differ
        between Python versions. Any other wheel is bound to the interpreter's ABI.
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
        """Return the requirements whose markers hold. conda has no extras, so include those of ``name[extra]``."""
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
