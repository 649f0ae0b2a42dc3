"""Versions in conda's order (conda/models/version.py), and against the specs of records."""

from __future__ import annotations

from rattler import BuildString, MatchSpec, PackageName, PackageRecord, Version


def key(version: str) -> Version:
    """Return what sorts a version among others."""
    return Version(version)


def newer(version: str, other: str) -> bool:
    """Tell whether a version comes after another."""
    return bool(Version(version) > Version(other))


def meets(version: str, spec: str) -> bool:
    """Return whether a version is what a dependency (``numpy >=1.26,<2.2``) asks for; its build is not looked at."""
    name, _, rest = spec.partition(" ")
    wanted = rest.split(" ")[0]
    if not wanted:
        return True
    record = PackageRecord(PackageName(name), version, BuildString("0"), build_number=0, subdir="noarch")
    return bool(MatchSpec(f"{name} {wanted}", strict=False).matches(record))
