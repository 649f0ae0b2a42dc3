"""Run every check and test, one suite after the other, and print a total.

All suites run, even if one fails. The last line is ``N passed, N failed`` (``, N skipped``), below the names of the
failures. The exit status is 1 if anything failed. Reports are in ``.reports``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from channel import index_variables
from reports import Count, read_jest, read_junit
from setup import ROOT, STATE, environment

REPORTS = ROOT / ".reports"
#: Number of processes that run tests: one more than processors, because many tests wait for processes and servers.
WORKERS = str((os.cpu_count() or 1) + 1)
#: Seconds after which a suite counts as hanging.
LIMIT = 2400
#: A file system in memory, and the free bytes that it must have for the temporary files of ``pytest``.
MEMORY, ROOM = Path("/dev/shm"), 4_000_000_000  # noqa: S108 - only a directory with a random name in it is used
#: ``--coverage`` lists the files of which fewer percent of the lines and branches run.
COVERED = 85


@dataclass(frozen=True)
class Suite:
    """A command, and how to read its report (without a report, the command counts as one check).

    ``channel`` says what the suite's channel must have: ``python`` (the index has TensorFlow) or ``tensorflow``. If
    ``is_small`` is true, its temporary files can be in memory.
    """

    name: str
    command: tuple[str, ...]
    report: Path | None = None
    read: Callable[[Path], Count] | None = None
    folder: Path = ROOT
    channel: str | None = None
    is_small: bool = False


def suites() -> list[Suite]:
    """Return all suites, the quick ones first."""
    junit, jest, galata = REPORTS / "pytest.xml", REPORTS / "jest.json", REPORTS / "galata.xml"
    real = REPORTS / "real.xml"
    python = sys.executable
    return [
        Suite("ruff", (python, "-m", "ruff", "check", ".")),
        Suite("ruff-format", (python, "-m", "ruff", "format", "--check", ".")),
        Suite("mypy", (python, "-m", "mypy")),
        Suite("imports", ("lint-imports", "--no-cache")),
        # Warnings are errors, among them links to pages and headings that do not exist.
        Suite("docs", (python, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "docs/_build")),
        Suite("lint", ("jlpm", "lint:check")),
        Suite("ui-tests", ("jlpm", "lint"), folder=ROOT / "ui-tests"),
        Suite(
            "pytest",
            (
                python,
                "-m",
                "pytest",
                "-q",
                "-n",
                WORKERS,
                "--ignore=tests/real",
                "--ignore=tests/installed",
                f"--junitxml={junit}",
            ),
            junit,
            read_junit,
            is_small=True,
        ),
        Suite("jest", ("jlpm", "jest", "--json", f"--outputFile={jest}"), jest, read_jest),
        *map(installed, ("package", "lowest", "newest", "pythons")),
        Suite(
            "real",
            (python, "-m", "pytest", "-q", "tests/real", f"--junitxml={real}"),
            real,
            read_junit,
            channel="tensorflow",
        ),
        Suite("smoke", (python, "scripts/smoke.py"), channel="python"),
        Suite(
            "galata",
            ("jlpm", "playwright", "test"),
            galata,
            read_junit,
            folder=ROOT / "ui-tests",
            channel="python",
        ),
    ]


def installed(name: str) -> Suite:
    """Return a suite of ``tests/installed``: ``package``, or one that installs the package."""
    tests: dict[str, tuple[str, ...]] = {
        "package": ("tests/installed", "--ignore=tests/installed/test_installed.py"),
        "pythons": ("tests/installed/test_installed.py", "-k", "not lowest and not newest"),
    }
    report = REPORTS / f"{name}.xml"
    chosen = tests.get(name, ("tests/installed/test_installed.py", "-k", name))
    command = (sys.executable, "-m", "pytest", "-q", "-rs", *chosen, f"--junitxml={report}")
    return Suite(name, command, report, read_junit, is_small=True)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a suite and all its processes. Interrupt it first, so that it can end its servers."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)


def run(suite: Suite, env: dict[str, str]) -> Count:
    """Run a suite with its output on the terminal, and count its results. End a suite that hangs."""
    print(f"\n=== {suite.name}: {' '.join(suite.command)}", flush=True)
    if suite.report:
        suite.report.unlink(missing_ok=True)
    started = time.monotonic()
    process = subprocess.Popen(
        suite.command, cwd=suite.folder, env=env, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        code = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        code = -1
        print(f"=== {suite.name}: still running after {LIMIT} s, ended", flush=True)
    finally:
        # Even after Ctrl-C, no process of the suite may stay alive.
        end(process)
    count = Count()
    if suite.report and suite.read and suite.report.is_file():
        count = suite.read(suite.report)
    elif code == 0 and not suite.report:
        count.passed = 1
    if code and not count.failures:
        count.failures.append(f"ended with status {code}")
    elif suite.report and not (count.passed or count.failures):
        count.failures.append("ran no test")
    print(
        f"=== {suite.name}: {'failed' if count.failures else 'ok'} in {time.monotonic() - started:.0f} s",
        flush=True,
    )
    return count


class Channel:
    """The channels for suites that install TensorFlow, chosen or built while other suites run.

    ``contents`` is what a local channel must have: ``python`` or ``tensorflow``.
    """

    def __init__(self, contents: str) -> None:
        self.log = REPORTS / f"channel-{contents}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "scripts/channel.py", f"--{contents}"],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def urls(self) -> str | None:
        """Wait for the choice. Return the URLs (empty for the configured channels), or None if it failed."""
        print("\n=== channel", flush=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(LIMIT)
        *lines, last = self.log.read_text().splitlines() or [""]
        if self.process.returncode:
            print("\n".join([*lines[-20:], last]), flush=True)
            return None
        print("\n".join(line for line in lines if line.startswith("channel:")), flush=True)
        return last


def measured(suite: Suite) -> Suite:
    """Return a pytest suite that also measures the coverage of tfenv_lab, including subprocesses."""
    python, *command = suite.command
    return replace(suite, command=(python, "-m", "coverage", "run", *command))


def print_coverage(env: dict[str, str]) -> None:
    """Print the coverage of tfenv_lab, and the files with less than ``COVERED`` percent."""
    path = REPORTS / "coverage.json"
    path.unlink(missing_ok=True)
    print("\n=== coverage", flush=True)
    # A process that a test kills leaves a file without data, and coverage would warn about it.
    coverage = (sys.executable, "-W", "ignore", "-m", "coverage")
    for arguments in (("combine", "--quiet"), ("json", "--quiet", "-o", str(path))):
        subprocess.run((*coverage, *arguments), cwd=ROOT, env=env, check=False)
    if not path.is_file():
        return
    report = json.loads(path.read_text())
    files = {name: file["summary"]["percent_covered"] for name, file in report["files"].items()}
    for name, percent in sorted(files.items(), key=lambda item: item[1]):
        if percent < COVERED:
            print(f"{percent:6.1f} %  {name}")
    print(f"{report['totals']['percent_covered']:6.1f} %  in total (lines and branches)", flush=True)


def free_port(count: int = 10) -> int:
    """Return the first of ``count`` consecutive free ports. Raises SystemExit if there are none."""
    for first in range(8990, 65000, count):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("localhost", port))
            return first
    raise SystemExit("There are no free ports for the servers of the browser tests.")


def in_memory() -> Path | None:
    """Return a directory in memory that has enough room and can hold programs, or None.

    Every change to an environment flushes the file system, which is slow on a busy disk.
    """
    with contextlib.suppress(OSError):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK):
            return MEMORY
    return None


def run_all(chosen: list[Suite], env: dict[str, str]) -> dict[str, Count]:
    """Run suites in order. A suite that needs a channel fails if there is none."""
    counts = {}
    needed = {suite.channel for suite in chosen if suite.channel and "TFENV_CHANNELS" not in env}
    channels = {contents: Channel(contents) for contents in needed}
    try:
        for suite in chosen:
            more = index_variables() if suite.channel else {}
            if channel := channels.get(suite.channel or ""):
                urls = channel.urls()
                if urls is None:
                    counts[suite.name] = Count(failures=[f"no channel to install from ({channel.log})"])
                    continue
                more["TFENV_CHANNELS"] = urls
            # The name is short, because the first line of a script in an environment can hold only 127 characters.
            with tempfile.TemporaryDirectory(
                prefix="t", dir=in_memory() if suite.is_small else None, ignore_cleanup_errors=True
            ) as temporary:
                counts[suite.name] = run(suite, env | more | {"TMPDIR": temporary})
    finally:
        for channel in channels.values():
            end(channel.process)
    return counts


def main() -> int:
    """Run the suites named on the command line, or all of them."""
    every = {suite.name: suite for suite in suites()}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", nargs="*", help=", ".join(every))
    parser.add_argument(
        "--coverage", action="store_true", help="run only pytest, and list the files that it covers least"
    )
    parser.add_argument("--images", action="store_true", help="only take the screenshots in docs/images")
    options = parser.parse_args()
    unknown = set(options.suite) - set(every)
    if unknown:
        parser.error(f"no suite is called {', '.join(sorted(unknown))}")
    chosen = [suite for suite in every.values() if not options.suite or suite.name in options.suite]
    REPORTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tfenv-test-", ignore_cleanup_errors=True) as temporary:
        # Workers would compile the whole package again at every start.
        env = {name: value for name, value in environment().items() if name != "PYTHONDONTWRITEBYTECODE"}
        if options.images:
            chosen = [every["galata"]]
            env["TFENV_IMAGES"] = "1"
        if options.coverage:
            chosen = [measured(every["pytest"])]
            env["COVERAGE_FILE"] = str(Path(temporary) / "coverage")
        env.setdefault("TFENV_UI_PORT", str(free_port()))
        browser = STATE / "browser"
        if browser.is_file():
            env["TFENV_BROWSER"] = browser.read_text().split(maxsplit=1)[1].strip()
        counts = run_all(chosen, env)
        if options.coverage:
            print_coverage(env)
    print("\n=== total", flush=True)
    for name, count in counts.items():
        print(f"{name:14}{count.passed:6} passed {len(count.failures):4} failed {count.skipped:4} skipped")
    for name, count in counts.items():
        for failure in count.failures:
            print(f"FAILED {name}: {failure}")
    passed, skipped, failed = (
        sum(count.passed for count in counts.values()),
        sum(count.skipped for count in counts.values()),
        sum(len(count.failures) for count in counts.values()),
    )
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
