"""Resolve the wheels of a TensorFlow release with pip, and download them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from .interpreter import Interpreter, Unsuitable
from .pip import PipFailed, run
from .request import BASE_PACKAGES

#: The wheel that becomes ``tensorflow``. PyPI's ``tensorflow`` includes GPU kernels and is three times as large.
DISTRIBUTION = "tensorflow-cpu"

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class RemoteWheel:
    """A wheel that pip chose.

    ``url`` may be a ``file:`` URL, ``sha256`` is empty if unknown, and ``requires`` is its ``Requires-Dist``.
    """

    name: str
    url: str
    sha256: str
    requires: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The name of the file, which contains the name, version and tags of the wheel."""
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])

    @property
    def local(self) -> Path | None:
        """The path of the file if the index is a local directory, or None."""
        parts = urlsplit(self.url)
        return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


@dataclass(frozen=True)
class Resolution:
    """The wheels of one release with its dependencies. ``environment`` has the values for markers (PEP 508)."""

    environment: Mapping[str, str]
    wheels: tuple[RemoteWheel, ...]


def requirement(release: str) -> str:
    """Return the requirement for a release: ``2.19`` means its newest patch, ``2.19.1`` that version."""
    return f"{DISTRIBUTION}=={release}.*" if release.count(".") == 1 else f"{DISTRIBUTION}=={release}"


def write_stand_in(release: str, directory: Path) -> Path:
    """Write an empty wheel called ``tensorflow`` that only requires ``tensorflow-cpu``, and return its path.

    With it, pip can satisfy packages that require ``tensorflow`` without the large wheel of that name.
    """
    name, version = "tensorflow", release if release.count(".") > 1 else f"{release}.0"
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: {requirement(release)}\n"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def resolve(interpreter: Interpreter, release: str, packages: Sequence[str], work: Path, on_line: OnLine) -> Resolution:
    """Resolve a release together with the base packages and ``packages``, using only wheels.

    Raises Unsuitable if the index has no such TensorFlow for this interpreter, and PipFailed for other failures.
    """
    stand_in = write_stand_in(release, work / release)
    answer = work / f"{release}.json"
    wanted = [f"tensorflow @ {stand_in.as_uri()}", requirement(release), *BASE_PACKAGES, *packages]
    flags = ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--report", str(answer)]
    try:
        run(interpreter, ["install", *flags, *wanted], on_line)
    except PipFailed as error:
        # pip filters by tags first, so a release without wheels for this Python looks like a missing release.
        if f"No matching distribution found for {DISTRIBUTION}" in error.output and not error.unreachable:
            raise Unsuitable(f"the package index has no TensorFlow {release} for it") from error
        raise
    report = json.loads(answer.read_text("utf-8"))
    wheels = []
    for item in report["install"]:
        download = item["download_info"]
        if download["url"] != stand_in.as_uri():
            digest = download.get("archive_info", {}).get("hashes", {}).get("sha256", "")
            requires = tuple(item["metadata"].get("requires_dist", ()))
            wheels.append(RemoteWheel(item["metadata"]["name"], download["url"], digest, requires))
    return Resolution(report["environment"], tuple(wheels))


def download(
    interpreter: Interpreter, wheels: Sequence[RemoteWheel], store: Path, incoming: Path, on_line: OnLine
) -> list[Path]:
    """Download wheels that are not in ``store`` yet, and return the paths of all wheels in ``store``.

    Downloads stay below ``incoming`` until all are complete. Raises PipFailed.
    """
    if wheels:
        # URLs give exactly the files that were resolved, without reading the index again.
        pinned = [
            f"{wheel.name} @ {wheel.url}" + (f"#sha256={wheel.sha256}" if wheel.sha256 else "") for wheel in wheels
        ]
        flags = ["--no-deps", "--only-binary=:all:", "--dest", str(store)]
        run(interpreter, ["download", *flags, *pinned], on_line, incoming)
    return [store / wheel.filename for wheel in wheels]
