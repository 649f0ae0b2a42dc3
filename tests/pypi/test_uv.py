"""Test how uv is run, and what users read if it fails."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.shims import built
from tests.simple_index import SimpleIndex
from tfenv_lab.errors import (
    BuildFailed,
    HashMismatch,
    IndexUnreachable,
    InvalidSpec,
    JobFailed,
    NoSpace,
    SolverTimeout,
    TfenvError,
    Unsatisfiable,
    UnusableDirectory,
)
from tfenv_lab.pypi import settings, uv
from tfenv_lab.pypi.failures import needs_build
from tfenv_lab.pypi.models import IndexPolicy, IndexSettings

COMPILE = ("pip", "compile", "in.txt", "--python-version", "3.11", "--format", "pylock.toml", "-o", "pylock.toml")
INSTALL = ("pip", "install", "--target", "installed", "--link-mode", "copy", "--no-deps", "-r")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The directory in which uv runs."""
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.fixture(autouse=True)
def few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make uv give up at once."""
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")


def resolve(folder: Path, found: IndexSettings, *requirements: str) -> str:
    (folder / "in.txt").write_text("\n".join(requirements))
    uv.run_here(COMPILE, found, cwd=folder, timeout=60)
    return (folder / "pylock.toml").read_text()


def failed(call: Callable[[], object], kind: type[TfenvError]) -> TfenvError:
    """Return the error of a call, which must be exactly of this kind."""
    with pytest.raises(TfenvError) as raised:
        call()
    assert type(raised.value) is kind, raised.value.details
    return raised.value


def test_it_resolves_and_installs(simple_index: SimpleIndex, folder: Path) -> None:
    wheel = simple_index.add("alpha", "1.0", requires=["beta"])
    simple_index.add("beta", "2.0")
    assert simple_index.file_url(wheel) in resolve(folder, simple_index.settings, "alpha")
    lines: list[str] = []
    done = uv.run_here((*INSTALL, "pylock.toml"), simple_index.settings, cwd=folder, timeout=60, on_line=lines.append)
    assert (folder / "installed" / "beta" / "__init__.py").exists()
    # Told while it happens, and in the output.
    assert " + alpha==1.0" in lines
    assert " + alpha==1.0\n" in done.stderr


async def _resolved(folder: Path, found: IndexSettings) -> uv.Output:
    return await uv.run(COMPILE, found, cwd=folder, timeout=60)


def test_the_event_loop_goes_on(simple_index: SimpleIndex, folder: Path) -> None:
    simple_index.add("alpha", "1.0")
    simple_index.hold = threading.Event()
    (folder / "in.txt").write_text("alpha")
    found = simple_index.settings

    async def main() -> None:
        running = asyncio.ensure_future(_resolved(folder, found))
        while not simple_index.requests:
            await asyncio.sleep(0.01)
        assert simple_index.hold is not None
        simple_index.hold.set()
        await running

    asyncio.run(main())
    assert "alpha" in (folder / "pylock.toml").read_text()


def test_a_cancelled_run_leaves_no_process(simple_index: SimpleIndex, folder: Path) -> None:
    simple_index.add("alpha", "1.0")
    simple_index.hold = threading.Event()
    (folder / "in.txt").write_text("alpha")
    found = simple_index.settings
    others = psutil.Process().children()

    async def main() -> None:
        running = asyncio.ensure_future(_resolved(folder, found))
        while not simple_index.requests:
            await asyncio.sleep(0.01)
        assert [child.name() for child in psutil.Process().children() if child not in others] == ["uv"]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    # The thread that runs uv ends a moment after uv was killed.
    _, left = psutil.wait_procs([child for child in psutil.Process().children() if child not in others], timeout=30)
    assert left == []


def test_a_slow_index_ends_in_a_timeout(simple_index: SimpleIndex, folder: Path) -> None:
    simple_index.add("alpha", "1.0")
    simple_index.hold = threading.Event()
    (folder / "in.txt").write_text("alpha")
    others = psutil.Process().children()
    begun = time.monotonic()
    error = failed(lambda: uv.run_here(COMPILE, simple_index.settings, cwd=folder, timeout=1), SolverTimeout)
    assert error.message == "uv did not finish within 1 seconds."
    assert time.monotonic() - begun < 30
    assert psutil.Process().children() == others


def test_a_build_ends_with_uv(simple_index: SimpleIndex, folder: Path) -> None:
    """What a build starts is in uv's process group."""
    marker = folder / "pid"
    code = f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    simple_index.add_source("gamma", backend=code)
    (folder / "in.txt").write_text("gamma")
    # Only a build tells the dependencies of this one.
    command = ("pip", "install", "--target", "installed", "-r", "in.txt")
    failed(lambda: uv.run_here(command, simple_index.settings, cwd=folder, timeout=8), SolverTimeout)
    builder = int(marker.read_text())
    for _ in range(100):
        if not psutil.pid_exists(builder) or psutil.Process(builder).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    raise AssertionError("the build still runs")


def test_files_of_uv_in_the_directory_are_not_read(simple_index: SimpleIndex, folder: Path) -> None:
    """Anybody can put such a file into a directory for temporary files."""
    simple_index.add("alpha", "1.0")
    (folder.parent / "uv.toml").write_text('index-url = "http://127.0.0.1:9/evil"\n')
    (folder / "uv.toml").write_text("[pip]\nno-index = true\n")
    assert "alpha" in resolve(folder, simple_index.settings, "alpha")


def test_wheels_are_taken_until_the_plan_asks_for_builds(
    simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip may be configured to build a project, but a build needs an agreement."""
    wheel = simple_index.add("gamma", "1.0")
    source = simple_index.add_source("gamma", "1.0")
    monkeypatch.setenv("PIP_NO_BINARY", "gamma")
    (folder / "in.txt").write_text("gamma")
    for more, taken in ((("--only-binary", ":all:"), wheel), ((), source)):
        uv.run_here((*COMPILE, *more), simple_index.settings, cwd=folder)
        assert taken.name in (folder / "pylock.toml").read_text()


class TestFailures:
    """Errors and what they say."""

    def test_no_solution(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.add("alpha", "1.0")
        error = failed(lambda: resolve(folder, simple_index.settings, "alpha>1"), Unsatisfiable)
        assert error.message == "The package index has no versions that satisfy the request."
        assert "only alpha==1.0 is available" in (error.details or "")
        assert not needs_build(error)

    def test_a_build_that_is_not_allowed(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.add_source("gamma")
        found = simple_index.settings_with(allow_source_builds=False)
        error = failed(lambda: resolve(folder, found, "gamma"), Unsatisfiable)
        assert needs_build(error)
        assert "gamma" in resolve(folder, simple_index.settings, "gamma")

    def test_a_build_that_fails(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.add_source("gamma", backend="raise SystemError('no compiler')\n")
        (folder / "all.txt").write_text("gamma")
        command = (*INSTALL, "all.txt")
        error = failed(lambda: uv.run_here(command, simple_index.settings, cwd=folder, timeout=60), BuildFailed)
        assert error.message == "gamma==1.0 could not be built from its source."
        assert "no compiler" in (error.details or "")

    @pytest.mark.parametrize("requirement", ["alpha=!1", "--target /elsewhere", "alpha[x", "-r missing.txt"])
    def test_an_invalid_requirement(self, simple_index: SimpleIndex, folder: Path, requirement: str) -> None:
        error = failed(lambda: resolve(folder, simple_index.settings, requirement), InvalidSpec)
        assert error.message == "A requirement is not valid."

    @pytest.mark.parametrize("requirement", ["alpha @ ./alpha-1.0-py3-none-any.whl", "-e ./alpha"])
    def test_a_missing_file(self, simple_index: SimpleIndex, folder: Path, requirement: str) -> None:
        error = failed(lambda: resolve(folder, simple_index.settings, requirement), InvalidSpec)
        assert "which does not exist." in error.message

    def test_a_repository_that_does_not_answer(self, simple_index: SimpleIndex, folder: Path) -> None:
        requirement = "alpha @ git+https://ada:s3cret@127.0.0.1:9/alpha"
        error = failed(lambda: resolve(folder, simple_index.settings, requirement), IndexUnreachable)
        assert error.message == "The repository https://127.0.0.1:9/alpha cannot be read."
        assert "s3cret" not in (error.details or "")

    def test_an_index_that_is_down(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.down()
        error = failed(lambda: resolve(folder, simple_index.settings, "alpha"), IndexUnreachable)
        assert error.message == f"The package index {simple_index.url} cannot be reached."

    def test_an_index_that_fails(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.status = 503
        error = failed(lambda: resolve(folder, simple_index.settings, "alpha"), IndexUnreachable)
        assert error.message == f"The package index {simple_index.url} answers with an error."

    def test_a_file_that_was_deleted_from_the_index(self, simple_index: SimpleIndex, folder: Path) -> None:
        wheel = simple_index.add("alpha", "1.0")
        resolve(folder, simple_index.settings, "alpha")
        simple_index.files.clear()
        command = (*INSTALL, "pylock.toml")
        error = failed(lambda: uv.run_here(command, simple_index.settings, cwd=folder, timeout=60), IndexUnreachable)
        assert error.message == f"The file {simple_index.file_url(wheel)} does not exist."
        assert "another version" in (error.hint or "")

    def test_missing_credentials(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.add("alpha", "1.0")
        simple_index.credentials = ("ada", "secret")
        error = failed(lambda: resolve(folder, simple_index.settings, "alpha"), IndexUnreachable)
        assert error.message == f"The package index {simple_index.url} requires valid credentials."
        assert "netrc" in (error.hint or "")

    def test_an_offline_server(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.add("alpha", "1.0")
        found = simple_index.settings_with(offline=True)
        error = failed(lambda: resolve(folder, found, "alpha"), IndexUnreachable)
        assert error.message == "A package is not in uv's cache, and the server is offline."
        resolve(folder, simple_index.settings, "alpha")
        assert "alpha" in resolve(folder, found, "alpha")

    def test_a_wrong_hash(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.wrong_hashes.add(simple_index.add("alpha", "1.0").name)
        resolve(folder, simple_index.settings, "alpha")
        command = (*INSTALL, "pylock.toml")
        error = failed(lambda: uv.run_here(command, simple_index.settings, cwd=folder, timeout=60), HashMismatch)
        assert error.message == ("The package index has a different file for alpha==1.0 than the one that was planned.")

    def test_a_file_of_another_size(self, simple_index: SimpleIndex, folder: Path) -> None:
        simple_index.add("alpha", "1.0")
        resolve(folder, simple_index.settings, "alpha")
        simple_index.add("alpha", "1.0", requires=["beta; python_version < '3'"])
        command = (*INSTALL, "pylock.toml")
        error = failed(lambda: uv.run_here(command, simple_index.settings, cwd=folder, timeout=60), HashMismatch)
        assert error.message.startswith("The package index has a different file for ")
        assert "mismatch" in (error.details or "")

    def test_a_full_disk(
        self,
        simple_index: SimpleIndex,
        folder: Path,
        mount: Callable[[Path, str], Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        simple_index.add("alpha", "1.0", files={"alpha/data": os.urandom(2 << 20)})
        monkeypatch.setenv("UV_CACHE_DIR", str(mount(folder / "cache", "1m")))
        (folder / "all.txt").write_text("alpha")
        command = (*INSTALL, "all.txt")
        error = failed(lambda: uv.run_here(command, simple_index.settings, cwd=folder, timeout=60), NoSpace)
        assert error.message.startswith(f"The disk is full ({folder / 'cache'}")
        assert error.message.endswith(" MB free). Nothing was changed.")

    def test_a_value_that_uv_does_not_accept(
        self, simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UV_KEYRING_PROVIDER", "native")
        error = failed(lambda: resolve(folder, settings.read(IndexPolicy()), "alpha"), JobFailed)
        assert error.message == "uv does not accept “native” as “keyring-provider”."
        assert "configuration" in (error.hint or "")

    def test_anything_else(self, simple_index: SimpleIndex, folder: Path) -> None:
        command = ("pip", "compile", "missing.txt")
        error = failed(lambda: uv.run_here(command, simple_index.settings, cwd=folder, timeout=60), JobFailed)
        assert "missing.txt" in (error.details or "")


class TestCredentials:
    """What must never be shown."""

    def test_they_reach_the_index(
        self, simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha", "1.0")
        simple_index.credentials = ("ada", "s3cr/t")
        monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
        text = resolve(folder, settings.read(IndexPolicy()), "alpha")
        assert "s3cr" not in text

    def test_they_are_in_no_error(
        self, simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.credentials = ("ada", "s3cret@")
        monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
        simple_index.down()
        error = failed(lambda: resolve(folder, settings.read(IndexPolicy()), "alpha"), IndexUnreachable)
        assert "s3cret" not in f"{error.message} {error.details}"

    def test_they_are_in_no_output_of_a_build(
        self, simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A build can print the variables that it was started with."""
        code = "import os\nfor item in os.environ.items(): print(*item, flush=True)\nraise SystemError('no compiler')\n"
        simple_index.add_source("gamma", backend=code)
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"own={simple_index.url}")
        monkeypatch.setenv("UV_INDEX_OWN_USERNAME", "ada")
        monkeypatch.setenv("UV_INDEX_OWN_PASSWORD", "s3cret@")
        (folder / "all.txt").write_text("gamma")
        lines: list[str] = []
        found = settings.read(IndexPolicy())
        command = (*INSTALL, "all.txt")
        error = failed(lambda: uv.run_here(command, found, cwd=folder, timeout=60, on_line=lines.append), BuildFailed)
        shown = f"{error.message} {error.details} {lines}"
        assert "UV_DEFAULT_INDEX" in shown
        assert "s3cret" not in shown

    def test_they_are_not_in_the_command(
        self, simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha", "1.0")
        simple_index.credentials = ("ada", "s3cret")
        monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
        simple_index.hold = threading.Event()
        (folder / "in.txt").write_text("alpha")
        commands: list[list[str]] = []
        found = settings.read(IndexPolicy())

        async def main() -> None:
            running = asyncio.ensure_future(_resolved(folder, found))
            while not simple_index.requests:
                await asyncio.sleep(0.01)
            commands.extend(child.cmdline() for child in psutil.Process().children(recursive=True))
            assert simple_index.hold is not None
            simple_index.hold.set()
            await running

        asyncio.run(main())
        assert commands
        assert "s3cret" not in str(commands)


@pytest.mark.parametrize("code", [37, 13])
def test_a_cache_that_cannot_be_locked_is_named_with_what_moves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setenv("LD_PRELOAD", built("no_locks.c", tmp_path))
    monkeypatch.setenv("NOLOCK_ERRNO", str(code))
    cache = tmp_path / "cache"
    (tmp_path / "requirements.in").write_text("")
    settings = IndexSettings({"UV_CACHE_DIR": str(cache), "UV_OFFLINE": "1"})
    with pytest.raises(UnusableDirectory, match=f"uv's cache {cache} cannot be used") as caught:
        uv.run_here(["pip", "compile", "requirements.in"], settings, cwd=tmp_path)
    assert "UV_CACHE_DIR" in (caught.value.hint or "")


@pytest.mark.skipif(os.name == "nt", reason="a script takes the place of uv")
class TestOutputWithoutEnd:
    """A program that prints without end takes the place of uv, because uv keeps the output of builds to itself."""

    def _run(self, folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> tuple[list[str], TfenvError]:
        program = folder / "uv"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(uv, "binary", lambda: str(program))
        lines: list[str] = []
        call = lambda: uv.run_here(("pip",), IndexSettings({}), cwd=folder, timeout=60, on_line=lines.append)  # noqa: E731
        return lines, failed(call, JobFailed)

    def test_only_as_many_lines_are_passed_on_as_a_log_holds(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script = "yes | head -c 4000000 >&2; echo 'error: the last line' >&2; exit 2"
        lines, error = self._run(folder, monkeypatch, script)
        assert sum(map(len, lines)) <= 1_000_000
        assert "the last line" in (error.details or "")

    def test_a_line_without_end_is_cut(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        lines, _ = self._run(folder, monkeypatch, "head -c 4000000 /dev/zero | tr '\\\\0' x >&2; exit 2")
        assert lines
        assert max(map(len, lines)) < 1_000_000

    def test_standard_output_without_end_ends_the_run(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        _, error = self._run(folder, monkeypatch, "yes")
        assert error.message == "uv was stopped."
