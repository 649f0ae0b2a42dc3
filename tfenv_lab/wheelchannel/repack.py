"""Convert wheels to conda packages."""

from __future__ import annotations

import base64
import csv
import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .bytecode import compile_tree, file_time
from .depends import Dependencies, conda_name
from .interpreter import Interpreter
from .package import PLACEHOLDER, File, Package, file_at, files_below, hash_file
from .request import RECIPE
from .resolve import DISTRIBUTION
from .wheel import Layout, Wheel


def fingerprint(*parts: object) -> str:
    """Return the hexadecimal digest of what determines a package's contents, for its build string.

    Package caches identify a package by its file name, so different contents need different names.
    """
    return hashlib.sha256(repr((RECIPE, *parts)).encode()).hexdigest()


#: Commands in TensorFlow's wheel that belong to another package: two packages must not contain the same file.
_OF_OTHERS = ("tensorboard",)


def repack(
    wheel: Wheel, dependencies: Dependencies, interpreter: Interpreter, channel: Path, work: Path
) -> list[Package]:
    """Write the package of a wheel into ``channel`` and return it.

    TensorFlow becomes two packages, as on conda-forge: ``tensorflow-base`` with the files, and an empty ``tensorflow``
    that depends on it. ``work`` is an unused directory, which is deleted afterwards. Raises ValueError if the wheel has
    unsafe paths.
    """
    depends = dependencies.of(wheel, interpreter)
    key = fingerprint(hash_file(wheel.path), interpreter.version, depends)
    build = f"pyh{key[:7]}_0" if wheel.pure else f"py{interpreter.tag[2:]}h{key[:7]}_0"
    package = Package(
        name=wheel.name,
        version=str(wheel.version),
        build=build,
        subdir="noarch" if wheel.pure else interpreter.subdir,
        timestamp=wheel.timestamp,
        depends=depends,
        noarch="python" if wheel.pure else None,
        license=wheel.metadata.get("License-Expression") or _one_line(wheel.metadata.get("License")),
        summary=_one_line(wheel.metadata.get("Summary")),
        entry_points=[f"{name} = {target}" for name, target in sorted(wheel.entry_points.items())],
    )
    layout = Layout(None if wheel.pure else interpreter.minor)
    time = file_time(key)
    with zipfile.ZipFile(wheel.path) as archive:
        prefixed, large = wheel.unpack(archive, work, layout)
        info = work / layout.site_packages / wheel.info
        if wheel.name == DISTRIBUTION:
            package = replace(package, name="tensorflow-base", build=f"cpu_{build}")
            info = _rename(info, wheel)
        (info / "INSTALLER").write_text("conda\n")
        if not wheel.pure:
            prefixed |= _write_scripts(wheel, interpreter, work)
            compile_tree(interpreter, work, time)
        files = files_below(work) | large
        record = _write_record(files, layout, info)
        files[record.relative_to(work).as_posix()] = file_at(record)
        package.write(channel, files, time, prefixed)
    shutil.rmtree(work)
    if wheel.name != DISTRIBUTION:
        return [package]
    exactly = f"{package.name} =={package.version} {package.build}"
    thin = replace(package, name="tensorflow", depends=[*interpreter.depends, exactly])
    thin.write(channel, {}, time)
    return [package, thin]


def _one_line(text: str | None) -> str | None:
    """Return a text if it is one short line, or None: old metadata contains the whole license text."""
    text = (text or "").strip()
    return text if text and "\n" not in text and len(text) < 200 else None


def _rename(info: Path, wheel: Wheel) -> Path:
    """Rename the distribution to the package's name; otherwise pip would install it again."""
    new = info.with_name(f"{conda_name(wheel.name)}-{wheel.version}.dist-info")
    info.rename(new)
    metadata = new / "METADATA"
    lines = metadata.read_text("utf-8").splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if line.startswith("Name:"))
    lines[number] = f"Name: {conda_name(wheel.name)}\n"
    metadata.write_text("".join(lines), "utf-8")
    return new


def _write_scripts(wheel: Wheel, interpreter: Interpreter, tree: Path) -> set[str]:
    """Write the commands of the wheel's entry points and return their paths. (conda writes those of pure wheels.)"""
    written = set()
    for name, target in wheel.entry_points.items():
        if wheel.name == DISTRIBUTION and name in _OF_OTHERS:
            continue
        module, _, attribute = target.partition(":")
        if not attribute:
            continue
        path = tree / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!{PLACEHOLDER}/bin/python{interpreter.minor}\n"
            f"import sys\n\nfrom {module} import {attribute.split('.')[0]}\n\n"
            f'if __name__ == "__main__":\n    sys.exit({attribute}())\n'
        )
        path.chmod(0o755)
        written.add(f"bin/{name}")
    return written


def _write_record(files: Mapping[str, File], layout: Layout, info: Path) -> Path:
    """Write the list of installed files (PyPA's "Recording installed projects"), which pip needs to uninstall.

    Paths are relative to ``site-packages``, which is three directories below the prefix.
    """
    rows = [(f"{info.name}/RECORD", "", "")]
    for path, file in files.items():
        inside = path.removeprefix(f"{layout.site_packages}/")
        if inside == path:
            inside = "../../../" + path.replace("python-scripts/", "bin/", 1)
        if path.endswith(".pyc"):
            rows.append((inside, "", ""))
        else:
            digest = base64.urlsafe_b64encode(bytes.fromhex(file.sha256)).rstrip(b"=").decode()
            rows.append((inside, f"sha256={digest}", str(file.size)))
    record = info / "RECORD"
    with record.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerows(sorted(rows))
    return record
