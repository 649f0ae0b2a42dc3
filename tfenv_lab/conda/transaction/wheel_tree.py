"""Verify the files of packages that uv installed into a directory of their own, and move them into the new tree.

uv never writes outside that directory, but a wheel may contain any file below it (``data/bin/python``), and the new
tree has conda's files and users' links. A package is refused for

- a file that replaces another one of a conda package; with the same contents, conda's file stays;
- a path that is reserved for the environment (``conda-meta``) or for us;
- anything that is not a file, and a file in the place of a directory;
- a path behind a link in the environment, which would be written somewhere else.

Other files of the environment are replaced, as conda does.
"""

# Paths are strings because tens of thousands of them are verified.
# ruff: noqa: PTH104, PTH105, PTH108, PTH208
from __future__ import annotations

import errno
import filecmp
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...errors import JobFailed
from ...pypi import installed
from ...sentences import say
from ..prefix.pypi import site_packages
from .package_rules import fault, key, shown


class WheelTree:
    """A directory with the files of new packages. ``files`` are paths inside it (``/`` separators)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: set[str] = set()
        folder = site_packages(root)
        #: The metadata of the packages by normalized project name.
        self.dist_infos = installed.dist_infos(folder) if folder else {}
        self._claimed = {name: installed.claimed(root, info) for name, info in self.dist_infos.items()}

    def admit(self, staged: Path, owned: Mapping[str, str]) -> None:
        """Verify all files. ``owned`` has the names of the conda packages by their files in ``staged``.

        Files that conda has, too, are removed here. Raises JobFailed, naming the package and the file, for one that is
        refused.
        """
        self.files = set(self._walk(""))
        listed = frozenset(self.files)
        owners = {key(path): name for path, name in owned.items()}
        for path in sorted(self.files):
            wrong = fault(path)
            if wrong:
                raise self._refusal(path, wrong)
            owner = owners.get(key(path))
            if owner is None or not os.path.lexists(staged / path):
                continue
            if not _is_same(self.root / path, staged / path):
                raise self._refusal(path, say("would replace a file of conda's package {owner}", owner=owner))
            os.unlink(self.root / path)
            self.files.discard(path)
        for dist_info in self.dist_infos.values():
            # Files of others in the list would be removed with this package.
            installed.update_record(self.root, dist_info, only=listed)

    def files_of(self, name: str) -> frozenset[str]:
        """Return the files of one project, as its list says and as far as they are here."""
        return self._claimed[name] & self.files

    def move(self, staged: Path) -> None:
        """Move all files into the new tree. Raises JobFailed if a link or a directory is in the way."""
        self._move("", staged)

    def _walk(self, folder: str) -> Iterator[str]:
        with os.scandir(self.root / folder) as entries:
            for entry in entries:
                path = f"{folder}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(f"{path}/")
                elif entry.is_file(follow_symlinks=False):
                    yield path
                else:
                    raise self._refusal(path, say("is not a file"))

    def _move(self, folder: str, staged: Path) -> None:
        for name in os.listdir(self.root / folder):
            path = f"{folder}{name}"
            source, target = f"{self.root}{os.sep}{path}", f"{staged}{os.sep}{path}"
            is_folder = stat.S_ISDIR(os.lstat(source).st_mode)
            try:
                there = os.lstat(target).st_mode
            except FileNotFoundError:
                os.rename(source, target)
                continue
            if is_folder and stat.S_ISLNK(there):
                raise self._refusal(path, say("is a link in this environment, and files would be written behind it"))
            if is_folder != stat.S_ISDIR(there):
                raise self._refusal(
                    path,
                    say("would be a directory, but is a file in this environment")
                    if is_folder
                    else say("would be a file, but is a directory in this environment"),
                )
            if is_folder:
                self._move(f"{path}/", staged)
            else:
                os.replace(source, target)

    def _refusal(self, path: str, what: str) -> JobFailed:
        name = next((name for name in self._claimed if self._has(name, path)), None)
        package = say("The package {name}", name=name) if name else say("A package")
        return JobFailed(
            say(
                "{package} from the package index was refused: its path “{path}” {what}. Nothing was changed.",
                package=package,
                path=shown(path),
                what=what,
            ),
            hint=say("Leave the package out, or request it from a channel."),
        )

    def _has(self, name: str, path: str) -> bool:
        return any(file == path or file.startswith(f"{path}/") for file in self._claimed[name])


def _is_same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EISDIR, errno.ELOOP):
            return False
        raise
