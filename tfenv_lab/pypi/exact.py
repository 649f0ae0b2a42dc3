"""Find the exact files of a lock: on the configured indexes by their hashes, or where the lock itself says.

Another file than a locked one is never taken, also if it has the same name and version.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from ..disk.reads import BoundedReads
from ..errors import IndexUnreachable, TfenvError, Unsatisfiable
from ..sentences import say, some
from ..versions import minor_of
from . import tags
from .index import IndexReader, Project
from .models import Distribution, IndexSettings, Locked
from .names import normalize
from .pages import ProjectFile
from .places import path_of, shown, without_credentials
from .requirements import is_same_version
from .settings import is_allowed, is_configured, sources

log = logging.getLogger(__name__)

#: Seconds in which an index may confirm the hash of a file on its host. The pages of a hundred projects take seconds.
_CONFIRM = 10.0
#: The hint of every error about files that cannot be had.
HINT = say(
    "Configure the package index or the directory (find-links) that has these files in pip's or uv's configuration, or "
    "import the file only with its versions."
)


@dataclass
class ExactFiles:
    """Finder of files for a Python on a platform. Source archives are taken only with ``builds``."""

    reader: IndexReader
    settings: IndexSettings
    python: str
    subdir: str
    builds: bool = False

    async def find(self, packages: Sequence[Locked]) -> list[Distribution]:
        """Return the distribution of each package.

        Raises Unsatisfiable, which names every package without one, or IndexUnreachable if that is why.
        """
        chooser = self._chooser()
        found = await asyncio.gather(*(self._one(each, chooser) for each in packages))
        missing = [(each, why) for each, why in zip(packages, found, strict=True) if isinstance(why, TfenvError)]
        if not missing:
            return [each for each in found if isinstance(each, Distribution)]
        details = "\n".join(f"{each.label}: {why.message}" for each, why in missing)
        unreachable = next((why for _, why in missing if isinstance(why, IndexUnreachable)), None)
        if unreachable is not None:
            raise IndexUnreachable(unreachable.message, details)
        raise _missing([each.label for each, _ in missing], details)

    async def with_hashes(self, found: Distribution, hashes: Collection[str], *, is_direct: bool) -> Distribution:
        """Return a distribution if it has one of the hashes, or another file of its version that does.

        A distribution that ``is_direct`` was requested by its URL, so it has no other files. Raises Unsatisfiable.
        """
        if found.sha256 in hashes:
            return found
        project = None if is_direct else await self._project(found.name)
        files = _files(project, found.version)
        permitted = frozenset(hashes)
        same = await asyncio.to_thread(lambda: [file for file in files if _hash_of(file) in permitted])
        named = tuple(Distribution(found.name, found.version, each.url, _hash_of(each), each.size) for each in same)
        candidates = self._candidates(Locked(found.name, found.version, named), self._chooser())
        if candidates:
            return candidates[0]
        label = f"{found.name} {found.version}"
        told = (
            say("{filename} has the SHA-256 {sha256}.", filename=found.filename, sha256=found.sha256)
            if is_direct
            else _held(project, files, found.version)
        )
        raise _missing(
            [label],
            say(
                "{label}: the file permits the SHA-256 {hashes}. {told}",
                label=label,
                hashes=some(sorted(hashes), 3),
                told=told,
            ),
        )

    async def _one(self, package: Locked, chooser: tags.Chooser) -> Distribution | TfenvError:
        """Return the distribution of a package, or why it cannot be had."""
        candidates = self._candidates(package, chooser)
        if not candidates:
            return Unsatisfiable(self._unfit(package))
        # The installation verifies a file on the host of an index that is slow, or does not answer.
        limit = _CONFIRM if self._is_complete(candidates[0]) else None
        project: Project | None = None
        trouble: IndexUnreachable | None = None
        try:
            project = await asyncio.wait_for(self._project(package.name), limit)
        except IndexUnreachable as error:
            trouble = error
        except asyncio.TimeoutError:
            log.info("The index is too slow to confirm %s.", package.label)
        files = _files(project, package.version)
        found = await asyncio.to_thread(lambda: _match(candidates, files) or self._own(candidates, files))
        if found is not None:
            return replace(found, requires=package.requires)
        if trouble is not None:
            return trouble
        names = some([_described(each) for each in candidates], 3)
        return Unsatisfiable(
            say("the file has {names}. {held}", names=names, held=_held(project, files, package.version))
        )

    async def _project(self, name: str) -> Project | None:
        return await self.reader.project(name, self.settings)

    def _chooser(self) -> tags.Chooser:
        return tags.Chooser(self.python, self.subdir)

    def needing_builds(self, packages: Iterable[Locked]) -> list[Locked]:
        """Return the packages that have no fitting wheel, but a source archive."""
        chooser = self._chooser()
        return [
            each
            for each in packages
            if any(not file.is_wheel for file in each.files)
            and not any(chooser.rank(file.filename) is not None for file in each.files if file.is_wheel)
        ]

    def _candidates(self, package: Locked, chooser: tags.Chooser) -> list[Distribution]:
        """Return the files that can be installed, best first."""
        wheels = [(chooser.rank(file.filename), file) for file in package.files if file.is_wheel]
        ranked = sorted(((rank, file) for rank, file in wheels if rank is not None), key=lambda pair: pair[0])
        fitting = [file for _, file in ranked if normalize(file.filename.partition("-")[0]) == package.name]
        return fitting + ([file for file in package.files if not file.is_wheel] if self.builds else [])

    def _unfit(self, package: Locked) -> str:
        needed = [tags.needed_system(file.filename, minor_of(self.python), self.subdir) for file in package.files]
        systems = sorted(filter(None, needed))
        if systems and not any(file.filename for file in package.files if not file.is_wheel):
            return say("its wheels need {systems} or newer.", systems=systems[0])
        names = some([file.filename for file in package.files], 3)
        return say(
            "no file of the lock is for Python {minor_of} on {subdir}: {names}.",
            minor_of=minor_of(self.python),
            subdir=self.subdir,
            names=names,
        )

    def _own(self, candidates: Iterable[Distribution], files: Sequence[ProjectFile]) -> Distribution | None:
        """Return the first file with the hash at the URL of the lock, if that place is permitted.

        ``files`` are those of the indexes, which may say that the file at the URL has another hash.
        """
        others = {file.url: file.sha256 for file in files if file.sha256 is not None}
        for each in candidates:
            url = without_credentials(each.url)
            if each.sha256 is None or others.get(url, each.sha256) != each.sha256:
                continue
            path = path_of(url)
            if path is None:
                if is_configured(url, self.settings):
                    return replace(each, url=url)
            elif self._permits(url):
                read = _read(path)
                if read is not None and read[0] == each.sha256:
                    return replace(each, url=url, size=read[1])
        return None

    def _is_complete(self, file: Distribution) -> bool:
        """Return whether a file can be taken without an answer: it is on an index's host, and in no directory."""
        is_known = file.sha256 is not None and file.size is not None and file.url.startswith(("http://", "https://"))
        return is_known and not self._has_directories and is_configured(file.url, self.settings)

    @cached_property
    def _has_directories(self) -> bool:
        return any(path_of(source.url) is not None for source in sources(self.settings))

    def _permits(self, url: str) -> bool:
        """Return whether a file on this machine may be installed although no index lists it."""
        policy = self.settings.policy
        if is_configured(url, self.settings):
            return True
        return policy.allow_url_requirements and is_allowed(url, policy)


def _files(project: Project | None, version: str) -> list[ProjectFile]:
    """Return the files of a version of a project."""
    if project is None:
        return []
    return [file for file in (*project.files, *project.hidden) if is_same_version(str(file.version), version)]


def _match(candidates: Iterable[Distribution], files: Sequence[ProjectFile]) -> Distribution | None:
    """Return the first candidate that an index has: by its hash, or by its name if the lock has no hash."""
    by_hash = {file.sha256: file for file in reversed(files) if file.sha256 is not None}
    by_name: dict[str, list[ProjectFile]] = {}
    for file in files:
        by_name.setdefault(file.filename, []).append(file)
    for each in candidates:
        # Files of this machine have no hash on a page, and they come first, because they need no download.
        for file in by_name.get(each.filename, ()):
            if file.sha256 is not None and each.sha256 is not None:
                continue
            # If a page has no hash, the installation verifies that of the lock.
            actual = _hash_of(file) or (each.sha256 if path_of(file.url) is None else None)
            if actual is not None and each.sha256 in (None, actual):
                return _at(each, file, actual)
        if each.sha256 in by_hash:
            return _at(each, by_hash[each.sha256], each.sha256)
    return None


def _at(candidate: Distribution, file: ProjectFile, sha256: str) -> Distribution:
    size = file.size if file.size is not None else candidate.size
    return replace(candidate, url=file.url, sha256=sha256, size=size)


def _hash_of(file: ProjectFile) -> str | None:
    """Return the hash of a file of an index; in a directory, it is computed."""
    path = path_of(file.url) if file.sha256 is None else None
    read = _read(path) if path is not None else None
    return read[0] if read is not None else file.sha256


def _described(file: Distribution) -> str:
    digest = f" (sha256 {file.sha256})" if file.sha256 else ""
    return say("{filename}{digest} from {url}", filename=file.filename, digest=digest, url=shown(file.url))


def _held(project: Project | None, files: Iterable[ProjectFile], version: str) -> str:
    """Return a sentence on what the index has instead."""
    if project is None:
        return say("The package index does not have the project.")
    names = [
        say("{filename} (sha256 {sha256})", filename=file.filename, sha256=file.sha256 or say("not known"))
        for file in files
        if file.is_wheel
    ]
    if names:
        return say("The package index has other files of this version: {names}.", names=some(names, 3))
    versions = [str(each) for each in project.versions]
    return say(
        "The package index does not have version {version}; it has {versions}.",
        version=version,
        versions=some(versions, 5),
    )


def _missing(labels: Sequence[str], details: str) -> Unsatisfiable:
    one = len(labels) == 1
    what = say("The exact file of") if one else say("The exact files of")
    return Unsatisfiable(say("{what} {labels} cannot be found.", what=what, labels=some(labels, 5)), details, HINT)


def _read(path: Path) -> tuple[str, int] | None:
    """Return the hash and the size of a file, or None if it cannot be read."""
    found = _on_disk.run([path])[path]
    return found if isinstance(found, tuple) else None


def _hash(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest(), path.stat().st_size


#: A drive that does not answer must not hold a thread for long; a large wheel takes seconds.
_on_disk = BoundedReads(_hash, limit=60.0)
