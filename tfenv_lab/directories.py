"""Choose the directories that the services write to, and warn about those that cannot be used as usual."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import platformdirs

from .conda.prefix.registry import registry_path
from .disk import faults, locks
from .disk.reads import BoundedReads
from .disk.space import first_writable
from .errors import UnusableDirectory
from .models import Advice
from .pypi import cache as uv_cache
from .pypi import settings as index_settings
from .pypi.models import IndexPolicy
from .sentences import joined, say

#: The code of a warning about a directory in a plan or job. If the change is impossible, its severity is “error”.
CODE = "unusable-directory"
#: The code of the warning that files are copied, because the file systems cannot share them.
COPIED = "files-copied"
#: The warnings of a plan that its job repeats.
CODES = (CODE, COPIED)


class Directories:
    """The directories of a server. If one of the user's cannot be written, another one is used where that is possible.

    Creating this object reads the disk and looks whether its file systems can lock. ``envs_dirs`` are the directories
    for new environments, best first. ``package_cache`` is the configured one, if any. ``kernel_fault`` returns the
    error that says why no kernel can be registered, or None.
    """

    def __init__(
        self,
        envs_dirs: Sequence[Path],
        package_cache: Path | None,
        kernel_fault: Callable[[], UnusableDirectory | None],
    ) -> None:
        self._kernel_fault = kernel_fault
        #: Sentences about the directories that are replaced, or whose file systems cannot lock.
        self._found: list[str] = []
        #: The directory for new environments.
        self.envs_dir = _first_usable(envs_dirs)
        #: The directories that a user may choose for a new environment, the usual one first.
        self.envs_dirs = tuple(dict.fromkeys([self.envs_dir, *envs_dirs]))
        #: Plans, jobs and the choice of the local channel.
        self.state = self._or_temporary(
            Path(platformdirs.user_state_dir("tfenv_lab")), ("plans", "jobs"), say("Plans and jobs"), "XDG_STATE_HOME"
        )
        cache = Path(platformdirs.user_cache_dir("tfenv_lab"))
        #: Channel data, and what else can be fetched again.
        self.cache = self._or_temporary(cache, ("repodata",), say("Channel data"), "XDG_CACHE_HOME", is_locked=True)
        #: Unpacked packages, whose files the environments share by hard links.
        self.package_cache = self._choose_cache(
            package_cache or cache / "pkgs", say("package cache"), "TfenvLab.package_cache"
        )
        #: Bytecode that environments share, next to the package cache.
        self.bytecode = self.package_cache.parent / "bytecode"
        variables = dict(os.environ)
        with contextlib.suppress(OSError):  # the current directory may be gone
            variables.update(index_settings.read(IndexPolicy()).variables)
        wanted = uv_cache.directory(variables)
        chosen = self._choose_cache(wanted, say("cache of uv"), "UV_CACHE_DIR")
        #: The directory in place of uv's cache; empty if that can be used.
        self.uv_cache = "" if chosen == wanted else str(chosen)
        for folder in dict.fromkeys((self.envs_dir, registry_path().parent)):
            if _locks.run([folder])[folder] is False:
                self._found.append(locks.without_locks(folder))

    def warnings(self) -> list[str]:
        """Return sentences about all directories, for the status of the server. Reads the disk."""
        errors = [self._obstacle(self.envs_dir), self._kernel_fault()]
        return [*map(_sentences, filter(None, errors)), *self._found, *self._registry_fault()]

    def advice(self, new: Path | None) -> Iterator[Advice]:
        """Yield the warnings for a plan; ``new`` is the prefix of an environment to create. Reads the disk."""
        obstacle = self._obstacle(new.parent) if new is not None else None
        if obstacle is not None:
            yield Advice(CODE, "error", _sentences(obstacle))
        kernels = self._kernel_fault()
        if kernels is not None:
            yield Advice("kernel-not-registered", "warning", _sentences(kernels))
        for sentence in [*self._found, *(self._registry_fault() if new is not None else ())]:
            yield Advice(CODE, "info", sentence)

    def fault(self, folder: Path) -> str | None:
        """Return why a user cannot create environments in a directory, in sentences, or None. Reads the disk."""
        if folder not in self.envs_dirs:
            return say("The server's configuration (TfenvLab.envs_dir) names another directory.")
        obstacle = self._obstacle(folder)
        return _sentences(obstacle) if obstacle is not None else None

    def require(self, new: Path) -> None:
        """Raise UnusableDirectory if no environment can be created at the prefix ``new``. Reads the disk."""
        obstacle = self._obstacle(new.parent)
        if obstacle is not None:
            raise obstacle

    def _obstacle(self, folder: Path) -> UnusableDirectory | None:
        reason = _obstacles.run([folder])[folder]
        if not isinstance(reason, str) or not reason:
            return None
        return UnusableDirectory(
            say("Environments cannot be created in {folder}: {reason}.", folder=folder, reason=reason),
            hint=say("Set TfenvLab.envs_dir, or envs_dirs in condarc, to another directory, and restart Jupyter."),
        )

    def _registry_fault(self) -> list[str]:
        """Return the sentence that says why conda's list of environments cannot be written, if it cannot."""
        path = registry_path()
        reason = _files.run([path])[path]
        if not isinstance(reason, str):
            return []
        return [
            say(
                "conda's list of environments, {path}, cannot be written: {reason}. conda finds only "
                "environments in its envs_dirs. Make this file and its directory writable.",
                path=path,
                reason=reason,
            )
        ]

    def _or_temporary(
        self, folder: Path, parts: Sequence[str], what: str, variable: str, is_locked: bool = False
    ) -> Path:
        """Return a directory, or a temporary one if one of its ``parts`` cannot be written, or not locked if needed.

        Another user can own a part of the user's directory, as after ``sudo jupyter lab``.
        """
        check = _caches if is_locked else _faults
        reason = next(filter(None, check.run(folder / part for part in parts).values()), None)
        if not isinstance(reason, str):
            return folder
        problem = say("{what} cannot be stored in {folder}: {reason}.", what=what, folder=folder, reason=reason)
        remedy = say("Set {variable} to a directory that you can write to, and restart Jupyter.", variable=variable)
        try:
            temporary = Path(tempfile.mkdtemp(prefix="tfenv_lab-"))
        except OSError:
            temporary = folder
        if isinstance(check.run([temporary])[temporary], str):
            self._found.append(joined(" ", (problem, remedy)))
            return folder
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        self._found.append(
            say(
                "{problem} They are kept in {temporary} until this server stops. {remedy}",
                problem=problem,
                temporary=temporary,
                remedy=remedy,
            )
        )
        return temporary

    def _choose_cache(self, wanted: Path, what: str, setting: str) -> Path:
        """Return a cache that can be written and locked, as rattler and uv do, or the ``wanted`` one."""
        other = self.envs_dir / ".tfenv-cache" / wanted.name
        reasons = _caches.run([wanted, other])
        if not isinstance(reasons[wanted], str):
            return wanted
        problem = say(
            "The {what}, {wanted}, cannot be used: {reasons}.", what=what, wanted=wanted, reasons=reasons[wanted]
        )
        remedy = say(
            "Set {setting} to a directory in which files can be written and locked, and restart Jupyter.",
            setting=setting,
        )
        if isinstance(reasons[other], str):
            self._found.append(joined(" ", (problem, remedy)))
            return wanted
        self._found.append(
            say("{problem} {other} is used instead. {remedy}", problem=problem, other=other, remedy=remedy)
        )
        return other


def _sentences(error: UnusableDirectory) -> str:
    return joined(" ", (error.message, error.hint))


def _first_usable(folders: Sequence[Path]) -> Path:
    """Return the first directory in which environments can be created, or the first writable one, or the first one."""
    found = _obstacles.run(folders)
    return next((folder for folder in folders if found[folder] == ""), first_writable(folders))


def _obstacle(folder: Path) -> str:
    """Return why no environment can be created in a directory, as the end of a sentence; empty if one can."""
    if os.pathsep in str(folder):
        return say("its path contains “{pathsep}”, which separates the directories in PATH", pathsep=os.pathsep)
    reason = faults.fault(folder)
    if reason is None and faults.has_mount_flag(folder, "ST_NOEXEC"):
        return say("its file system is mounted with “noexec”, so no program can be run from it")
    return reason or ""


def _cannot_cache(folder: Path) -> str | None:
    reason = faults.fault(folder)
    if reason is None and not locks.can_lock(faults.nearest(folder)):
        return say("its file system does not support locks")
    # rattler's lock files, and uv's, which another user may own, as after ``sudo jupyter lab``.
    return reason or next(filter(None, map(faults.fault_of_file, folder.glob("*.lock"))), None)


def _cannot_replace(path: Path) -> str | None:
    """Return why a file cannot be replaced, as ``writes.replace`` does it."""
    return say("{path} is a directory", path=path) if path.is_dir() else faults.fault(path.parent)


#: A drive that does not answer has no fault: it may only be slow.
_faults = BoundedReads(faults.fault)
_files = BoundedReads(_cannot_replace)
_obstacles = BoundedReads(_obstacle)
_caches = BoundedReads(_cannot_cache)
_locks: BoundedReads[Path, bool] = BoundedReads(lambda folder: locks.can_lock(faults.nearest(folder)))
