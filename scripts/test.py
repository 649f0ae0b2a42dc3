"""Run every check and test, and print a total.

All suites run, even if one fails. Those that leave much of a processor idle run in pairs, and their output is printed
when they end. The last line is ``N passed, N failed`` (``, N skipped``), below the names of the failures. The exit
status is 1 if anything failed. Reports are in ``.reports``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from channel import index_variables
from reports import Count
from setup import ROOT, STATE, environment
from suites import REPORTS, Suite, measured, suites

#: Seconds after which a suite counts as hanging.
LIMIT = 2400
#: A file system in memory, and the free bytes that it must have for the temporary files of ``pytest``.
MEMORY, ROOM = Path("/dev/shm"), 4_000_000_000  # noqa: S108 - only a directory with a random name in it is used
#: ``--coverage`` lists the files of which fewer percent of the lines and branches run.
COVERED = 85


def end(process: subprocess.Popen[bytes]) -> None:
    """End a suite and all its processes. Interrupt it first, so that it can end its servers."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)


class Running:
    """A suite that runs. Its output goes to the terminal or, if ``log`` names a file, there until the suite ends."""

    def __init__(self, suite: Suite, env: dict[str, str], log: Path | None) -> None:
        self.suite = suite
        self._log = log
        self._started = time.monotonic()
        self._is_hanging = False
        if suite.report:
            suite.report.unlink(missing_ok=True)
        print(f"\n=== {suite.name}: {' '.join(suite.command)}", flush=True)
        # The name is short, because the first line of a script in an environment can hold only 127 characters.
        self._temporary = tempfile.TemporaryDirectory(
            prefix="t", dir=in_memory() if suite.is_small else None, ignore_cleanup_errors=True
        )
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open("wb")) if log else None
            self._process = subprocess.Popen(
                suite.command, cwd=suite.folder, env=env | {"TMPDIR": self._temporary.name}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output and subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait(self, seconds: float) -> bool:
        """Wait at most so long, and return whether the suite has ended. End a suite that hangs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._is_hanging = self._process.poll() is None and time.monotonic() - self._started > LIMIT
        return self._is_hanging or self._process.poll() is not None

    def stop(self) -> None:
        """End the suite. Even after Ctrl-C, no process of it may stay alive."""
        end(self._process)
        self._temporary.cleanup()

    def count(self) -> Count:
        """Print the end of a suite that was stopped, and count its results."""
        suite, code = self.suite, self._process.returncode
        if self._log:
            print(f"\n=== {suite.name}", flush=True)
            with self._log.open("rb") as output:
                shutil.copyfileobj(output, sys.stdout.buffer)
        if self._is_hanging:
            print(f"=== {suite.name}: still running after {LIMIT} s, ended", flush=True)
        count = Count()
        if suite.report and suite.read and suite.report.is_file():
            count = suite.read(suite.report)
        elif code == 0 and not suite.report:
            count.passed = 1
        if code and not count.failures:
            count.failures.append(f"ended with status {code}")
        elif suite.report and not (count.passed or count.failures):
            count.failures.append("ran no test")
        seconds = time.monotonic() - self._started
        print(f"=== {suite.name}: {'failed' if count.failures else 'ok'} in {seconds:.0f} s", flush=True)
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
    """Run suites in order, some of them in pairs. A suite that needs a channel fails if there is none."""
    counts: dict[str, Count] = {}
    needed = {suite.channel for suite in chosen if suite.channel and "TFENV_CHANNELS" not in env}
    channels = {contents: Channel(contents) for contents in needed}
    has_pairs = sum(suite.is_paired for suite in chosen) > 1
    waiting, running = list(chosen), list[Running]()
    try:
        while waiting or running:
            are_paired = all(suite.is_paired for suite in (*waiting[:1], *(each.suite for each in running)))
            if waiting and len(running) < (2 if are_paired else 1):
                suite = waiting.pop(0)
                more = index_variables() if suite.channel else {}
                if channel := channels.get(suite.channel or ""):
                    urls = channel.urls()
                    if urls is None:
                        counts[suite.name] = Count(failures=[f"no channel to install from ({channel.log})"])
                        continue
                    more["TFENV_CHANNELS"] = urls
                log = REPORTS / f"{suite.name}.log" if has_pairs and suite.is_paired else None
                running.append(Running(suite, env | more, log))
                continue
            for each in running:
                if each.wait(1 / len(running)):
                    each.stop()
                    running.remove(each)
                    counts[each.suite.name] = each.count()
                    break
    finally:
        for each in running:
            each.stop()
        for channel in channels.values():
            end(channel.process)
    return {suite.name: counts[suite.name] for suite in chosen}


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
