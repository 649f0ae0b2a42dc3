"""Run uv, the resolver and installer of PyPI packages."""

from __future__ import annotations

import codecs
import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..disk.paths import instead_of_netrc
from ..errors import IndexUnreachable, JobFailed, NotStarted, TfenvError
from ..postponement import busy_url, hint
from ..processes import kill_group, without_python_variables
from ..sentences import redact, say
from ..stalls import LOOKS, WatchedDownloads
from . import waiting
from .downloads import Downloads, OnDownload, open_terminal
from .failures import failure, late
from .models import IndexSettings

#: Variables of an active environment, and of pip and uv themselves: what of them counts is in the settings.
_DROPPED = ("UV_", "PIP_", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV")
_ALWAYS = {
    # The settings hold what counts of uv's files, of which others could be in a directory for temporary files.
    "UV_NO_CONFIG": "1",
    "NO_COLOR": "1",
    # Wrapped lines could not be searched for what went wrong.
    "UV_NO_WRAP": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    # Otherwise uv warns about it.
    "UV_PREVIEW_FEATURES": "pylock",
}
#: Variables with which uv draws its progress, and with which it does not.
_DRAWING, _QUIET = {"TERM": "xterm"}, {"UV_NO_PROGRESS": "1"}
#: Number of lines of standard error that are kept, the last ones; a build can write without end.
_KEPT = 2000
#: Number of characters of standard error after which no more lines are passed on; a job's log has no more.
_TOLD = 1_000_000
#: Maximum bytes of standard output, which is a lock; the largest have some hundred kilobytes.
_LARGEST = 100_000_000


@dataclass(frozen=True)
class Output:
    """What uv wrote, without credentials."""

    stdout: str
    stderr: str


OnLine = Callable[[str], None]


async def run(
    arguments: Sequence[str],
    settings: IndexSettings,
    *,
    cwd: Path,
    timeout: float,
    on_line: OnLine | None = None,
) -> Output:
    """Run uv as ``run_here`` does, without blocking the event loop. If the caller is cancelled, kill uv.

    ``on_line`` is called on another thread.
    """
    running = _Uv(arguments, settings, cwd, timeout, on_line)
    try:
        return await waiting.in_thread(running.run)
    finally:
        running.kill()


def run_here(
    arguments: Sequence[str],
    settings: IndexSettings,
    *,
    cwd: Path,
    timeout: float | None = None,
    on_line: OnLine | None = None,
    on_download: OnDownload | None = None,
    downloads: WatchedDownloads | None = None,
) -> Output:
    """Run uv with ``arguments`` in the directory ``cwd``, and return its output.

    The arguments are our own: requirements and other texts of users go into files in ``cwd``, never into arguments,
    where they could be options. ``on_line`` is called with each line of standard error. ``timeout`` is in seconds;
    None means that only the end of this process ends uv. ``on_download`` is called with the progress of downloads; it
    needs a terminal for more than the larger files' beginnings and ends, so uv gets one where there are any.
    ``downloads`` are all that uv has to download, if it builds nothing; where there is a terminal, uv is killed if they
    make no progress.
    Raises TfenvError if uv fails or does not end in time.
    """

    def tell(line: str) -> None:
        # Standard output is a worker's pipe to its server, so print to the log.
        print(line, file=sys.stderr, flush=True)
        if on_line is not None:
            on_line(line)

    return _Uv(arguments, settings, cwd, timeout, tell, on_download, downloads).run()


def binary() -> str:
    """Return the path of uv. Raises NotStarted if it is not installed."""
    import uv

    try:
        return str(uv.find_uv_bin())
    except FileNotFoundError as error:
        raise NotStarted(
            say("The program uv, which tfenv_lab needs for PyPI packages, is missing."), str(error)
        ) from error


def environment(settings: IndexSettings, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that uv starts with."""
    kept = {name: value for name, value in without_python_variables(outer).items() if not name.startswith(_DROPPED)}
    logins = instead_of_netrc(outer)
    if logins is not None:
        kept["NETRC"] = logins
    # The program “keyring” may be installed next to this Python.
    path = os.pathsep.join((outer.get("PATH", os.defpath), str(Path(sys.executable).parent)))
    return {**kept, **_ALWAYS, **settings.variables, "PATH": path}


class _Uv:
    """One run of uv, in a process group of its own."""

    def __init__(
        self,
        arguments: Sequence[str],
        settings: IndexSettings,
        cwd: Path,
        timeout: float | None,
        on_line: OnLine | None,
        on_download: OnDownload | None = None,
        downloads: WatchedDownloads | None = None,
    ) -> None:
        self._arguments = [*arguments, *_options(arguments, settings)]
        self._settings = settings
        self._cwd = cwd
        self._timeout = timeout
        self._on_line = on_line
        self._on_download = on_download
        self._downloads = downloads
        self._secrets = _secrets(settings.variables)
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._is_late = False
        self._stalled: str | None = None
        self._lock = threading.Lock()

    def kill(self) -> None:
        """Kill uv and what it started. Do nothing if it has ended."""
        with self._lock:
            self._killed = True
            if self._process is not None and self._process.poll() is None:
                kill_group(self._process)

    def _give_up(self) -> None:
        self._is_late = True
        self.kill()

    def _watch(self, downloads: WatchedDownloads, is_ended: threading.Event) -> None:
        """Kill uv if its downloads make no progress."""
        downloads.begin_all()
        while self._stalled is None and not is_ended.wait(downloads.limit / LOOKS):
            self._stalled = downloads.stalled()
            if self._stalled is not None:
                self.kill()

    def run(self) -> Output:
        is_ended = threading.Event()
        try:
            return self._run(is_ended)
        finally:
            is_ended.set()

    def _run(self, is_ended: threading.Event) -> Output:
        errors: deque[str] = deque(maxlen=_KEPT)
        terminal = open_terminal() if self._on_download is not None else None
        try:
            process = self._start(terminal)
        finally:
            if terminal is not None:
                os.close(terminal[1])
        with process:
            timer = threading.Timer(self._timeout or threading.TIMEOUT_MAX, self._give_up)
            timer.daemon = True
            source = terminal[0] if terminal else process.stderr.fileno() if process.stderr else -1
            reader = threading.Thread(target=self._read, args=(source, errors), daemon=True)
            timer.start()
            reader.start()
            if terminal is not None and self._downloads is not None:
                threading.Thread(target=self._watch, args=(self._downloads, is_ended), daemon=True).start()
            try:
                output = process.stdout.read(_LARGEST) if process.stdout else b""
                if len(output) == _LARGEST:
                    self.kill()
                status = process.wait()
                reader.join()
            except BaseException:
                self.kill()
                raise
            finally:
                timer.cancel()
                if terminal is not None:
                    os.close(terminal[0])
        text = self._redact("".join(errors))
        if self._is_late:
            raise late(self._timeout or 0.0, text, self._settings)
        if self._stalled is not None:
            raise IndexUnreachable(
                self._stalled, text or None, say("Check the server's network and proxy, then try again.")
            )
        if self._killed:
            raise JobFailed(say("uv was stopped."))
        if status != 0:
            raise self._asked(failure(text, self._settings))
        return Output(self._redact(output.decode(errors="replace")), text)

    def _asked(self, error: TfenvError) -> TfenvError:
        """Return an error of uv; if a server is busy, with the time at which to try again."""
        # This imports requests, which takes a while.
        from .fetching import wait_of

        busy = busy_url(error.details) if isinstance(error, IndexUnreachable) else None
        wait = wait_of(busy[1], self._settings, environment(self._settings)) if busy else None
        if wait is not None:
            error.wait, error.hint = wait, hint(wait)
        return error

    def _start(self, terminal: tuple[int, int] | None) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._killed:
                raise JobFailed(say("uv was stopped."))
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [binary(), *self._arguments],
                cwd=self._cwd,
                env={**environment(self._settings), **(_DRAWING if terminal else _QUIET)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=terminal[1] if terminal else subprocess.PIPE,
                # A build starts compilers, which must end with uv.
                start_new_session=True,
            )
            return self._process

    def _read(self, source: int, errors: deque[str]) -> None:
        """Read standard error to its end: of a pipe, or of a terminal, which ends with an error."""
        downloads = Downloads(self._note)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        told = 0
        while True:
            try:
                raw = os.read(source, 1 << 16)
            except OSError:
                raw = b""
            text = decoder.decode(raw, final=not raw)
            for line in (*downloads.feed(text), *(() if raw else downloads.end())):
                if self._downloads is not None and line.startswith("Prepared "):
                    self._downloads.end_all()
                errors.append(f"{line}\n")
                if self._on_line is not None and told < _TOLD:
                    told += len(line) + 1
                    with contextlib.suppress(Exception):
                        self._on_line(self._redact(line))
            if not raw:
                return

    def _note(self, name: str, done: int, total: int) -> None:
        """Note the progress of a download."""
        if self._downloads is not None:
            self._downloads.advance(name, done)
            if done >= total:
                self._downloads.end(name)
        if self._on_download is not None:
            self._on_download(name, done, total)

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "****")
        return redact(text)


def _options(arguments: Sequence[str], settings: IndexSettings) -> Sequence[str]:
    """Return the options of the settings that belong to these arguments."""
    if tuple(arguments[:2]) != ("pip", "compile"):
        return ()
    if "--only-binary" not in arguments:
        return settings.options
    # uv would build the projects that pip must not take as wheels, although the plan has not asked for builds.
    options = settings.options
    is_build = [
        option == "--no-binary" or before == "--no-binary"
        for before, option in zip(("", *options), options, strict=False)
    ]
    return [option for option, builds in zip(options, is_build, strict=True) if not builds]


def _secrets(variables: Mapping[str, str]) -> list[str]:
    """Return the passwords in variables, as they are written there and as they are meant; the longest first."""
    found = [value for name, value in variables.items() if name.endswith("_PASSWORD")]
    for value in variables.values():
        for part in value.replace(",", " ").split():
            _, is_url, rest = part.partition("://")
            with contextlib.suppress(ValueError):
                rest = urlsplit(part).netloc
            login, sign, _ = rest.rpartition("@")
            if is_url and sign:
                # Some indexes take a token as the user name; a shorter one is a name.
                user, _, password = login.partition(":")
                found.append(password or (user if len(user) > 12 else ""))
    return sorted({text for each in found for text in (each, unquote(each)) if len(text) > 3}, key=len, reverse=True)
