"""Repack a wheel as a conda package, as conda-forge would build it."""

from __future__ import annotations

import calendar
import configparser
import hashlib
import re
import shutil
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from email.parser import BytesParser
from pathlib import Path, PurePosixPath
from typing import cast

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from tfenv_lab import serde
from tfenv_lab.wheelchannel.bytecode import compile_tree, file_time
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.package import PLACEHOLDER, File, Package, files_below, hash_file

#: The wheel that becomes ``tensorflow``. PyPI's ``tensorflow`` includes GPU kernels and is three times as large.
TENSORFLOW = "tensorflow-cpu"
#: Commands in TensorFlow's wheel that belong to another package: two packages must not contain the same file.
_OF_OTHERS = ("tensorboard",)


class Wheel:
    """A wheel file. It must be meant for the Python that runs this."""

    def __init__(self, path: Path) -> None:
        self.path = path
        distribution, self.version, _, tags = parse_wheel_filename(path.name)
        self.name = str(distribution)
        self.pure = {(tag.abi, tag.platform) for tag in tags} == {("none", "any")}
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            self.info = next(name.split("/")[0] for name in names if name.endswith(".dist-info/WHEEL"))
            self.metadata = BytesParser().parsebytes(archive.read(f"{self.info}/METADATA"))
            entries = f"{self.info}/entry_points.txt"
            text = archive.read(entries).decode() if entries in names else ""
            newest = max(member.date_time for member in archive.infolist())
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
        self.scripts = dict(parser["console_scripts"]) if parser.has_section("console_scripts") else {}
        self.timestamp = calendar.timegm((*newest, 0, 0, 0)) * 1000

    def depends(self, interpreter: Interpreter) -> list[str]:
        """Return the dependencies of the package. A pure wheel supports every Python that its metadata allows."""
        environment = {**cast("dict[str, str]", default_environment()), "extra": ""}
        required = [Requirement(text) for text in self.metadata.get_all("Requires-Dist", [])]
        found = [
            f"{conda_name(each.name)} {_version_spec(each.specifier)}".strip()
            for each in required
            if each.marker is None or each.marker.evaluate(environment)
        ]
        python = SpecifierSet(self.metadata.get("Requires-Python") or "")
        own = [f"python {_version_spec(python)}".strip()] if self.pure else bound_to(interpreter)
        return [*own, *sorted(found)]


def conda_name(name: str) -> str:
    """Return the name of the conda package for a PyPI project."""
    normalized = str(canonicalize_name(name))
    return "tensorflow" if normalized == TENSORFLOW else normalized


def _version_spec(specifiers: SpecifierSet) -> str:
    """Translate specifiers (PEP 440) to conda's syntax: ``==1.*`` becomes ``1.*``."""
    parts = []
    for each in specifiers:
        operator = "" if each.operator in ("==", "===") and each.version.endswith(".*") else each.operator[:2]
        parts.append(operator + each.version)
    return ",".join(sorted(parts))


def bound_to(interpreter: Interpreter) -> list[str]:
    """Return the dependencies of a package that works only with one Python, as conda-forge writes them."""
    major, minor = interpreter.minor.split(".")
    return [
        f"python >={interpreter.minor},<{major}.{int(minor) + 1}.0a0",
        f"python_abi {interpreter.minor}.* *_{interpreter.tag}",
    ]


@dataclass(frozen=True)
class PythonPackage(Package):
    """A package that may be for every Python. Then the installer writes its ``entry_points``, as wheels have them."""

    entry_points: list[str] = field(default_factory=list)

    def info(self, files: Mapping[str, File], prefixed: Collection[str]) -> dict[str, bytes]:
        """Return the contents of the files in ``info/``, with the commands."""
        link = {"noarch": {"type": "python", "entry_points": self.entry_points}, "package_metadata_version": 1}
        link_json = {"link.json": serde.dumps(link)} if self.noarch else {}
        return {**super().info(files, prefixed), **link_json}


def repack(wheel: Wheel, interpreter: Interpreter, channel: Path, work: Path) -> list[Package]:
    """Write the package of a wheel into ``channel`` and return it. ``work`` is an unused directory.

    TensorFlow becomes two packages, as on conda-forge: ``tensorflow-base`` with the files, and an empty ``tensorflow``
    that depends on it.
    """
    depends = wheel.depends(interpreter)
    key = hashlib.sha256(f"{hash_file(wheel.path)} {interpreter.version} {depends}".encode()).hexdigest()
    package = PythonPackage(
        name=wheel.name,
        version=str(wheel.version),
        build=f"pyh{key[:7]}_0",
        subdir="noarch",
        timestamp=wheel.timestamp,
        depends=depends,
        noarch="python",
        entry_points=[f"{name} = {target}" for name, target in sorted(wheel.scripts.items())],
    )
    if not wheel.pure:
        build = f"py{interpreter.tag[2:]}h{key[:7]}_0"
        package = replace(package, build=build, subdir=interpreter.subdir, noarch=None)
    prefixed = _unpack(wheel, interpreter, work)
    time = file_time(key)
    if not wheel.pure:
        compile_tree(interpreter, work, time)
    if wheel.name != TENSORFLOW:
        package.write(channel, files_below(work), time, prefixed)
        shutil.rmtree(work)
        return [package]
    base = replace(package, name="tensorflow-base", build=f"cpu_{package.build}")
    base.write(channel, files_below(work), time, prefixed)
    shutil.rmtree(work)
    exactly = f"{base.name} =={base.version} {base.build}"
    thin = replace(base, name="tensorflow", depends=[*bound_to(interpreter), exactly])
    thin.write(channel, {}, time)
    return [base, thin]


def _unpack(wheel: Wheel, interpreter: Interpreter, tree: Path) -> set[str]:
    """Unpack a wheel as in a package, and return the paths of the files that contain PLACEHOLDER."""
    site = "site-packages" if wheel.pure else interpreter.site_packages
    data = wheel.info.replace(".dist-info", ".data")
    roots = {"purelib": site, "platlib": site, "scripts": "python-scripts" if wheel.pure else "bin", "data": ""}
    # Otherwise pip would install TensorFlow again.
    info = wheel.info.replace("tensorflow_cpu", "tensorflow")
    prefixed = set()
    with zipfile.ZipFile(wheel.path) as archive:
        for member in (each for each in archive.infolist() if not each.is_dir()):
            path = PurePosixPath(member.filename)
            if path.parts[0] == data:
                place = PurePosixPath(roots.get(path.parts[1], "include"), *path.parts[2:])
            else:
                place = PurePosixPath(site, *(info if part == wheel.info else part for part in path.parts))
            target = tree / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            target.chmod(0o755 if member.external_attr >> 16 & 0o111 or path.parts[0] == data else 0o644)
            with target.open("rb") as file_:
                is_script = file_.read(9) == b"#!python\n"
            if is_script:
                target.write_bytes(f"#!{PLACEHOLDER}/bin/".encode() + target.read_bytes()[2:])
                prefixed.add(str(place))
    (tree / site / info / "INSTALLER").write_text("conda\n")
    if wheel.name == TENSORFLOW:
        _rename(tree / site / info)
    for name, reference in () if wheel.pure else wheel.scripts.items():
        if wheel.name == TENSORFLOW and name in _OF_OTHERS:
            continue
        module, _, call = reference.partition(":")
        script = tree / "bin" / name
        script.parent.mkdir(exist_ok=True)
        lines = ["import sys", f"from {module} import {call}", f"sys.exit({call}())"]
        script.write_text("\n".join([f"#!{PLACEHOLDER}/bin/python{interpreter.minor}", *lines, ""]))
        script.chmod(0o755)
        prefixed.add(f"bin/{name}")
    return prefixed


def _rename(info: Path) -> None:
    """Give TensorFlow's distribution the name of the package."""
    for name in ("METADATA", "RECORD"):
        text = (info / name).read_text("utf-8")
        (info / name).write_text(re.sub("^(Name: )?tensorflow[_-]cpu", r"\1tensorflow", text, flags=re.MULTILINE))
