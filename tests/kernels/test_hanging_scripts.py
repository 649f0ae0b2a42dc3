"""Test that an activation script that hangs concerns only its own environment, and is named."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kernels.conftest import run
from tests.kernels.on_disk import registered, spec_of
from tests.prefixes import make_prefix
from tfenv_lab.conda.prefix import scripts
from tfenv_lab.environments.discovery import id_of
from tfenv_lab.environments.models import EnvironmentFacts
from tfenv_lab.kernels import building, kernelspecs
from tfenv_lab.kernels.service import KernelService

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="activation scripts are run by bash")

#: Scripts that never end, each in another way.
ENDLESS = {
    "sleeps": "sleep 600",
    "works": "while :; do :; done",
    "prints": "yes",
    "prints to another terminal": "while :; do echo text; done",
    "waits for a child": "sleep 600 & wait",
    "waits for a pipe": 'mkfifo "$CONDA_PREFIX/pipe"; read answer < "$CONDA_PREFIX/pipe"',
    "waits for a lock": 'exec 9>"$CONDA_PREFIX/lock"; flock 9; (flock 8; true) 8>"$CONDA_PREFIX/lock"',
    "becomes another program": "exec sleep 600",
    "ignores signals": "trap '' TERM INT HUP; sleep 600",
}
#: Scripts that end, although they leave something, ask for something or end the shell.
ENDING = {
    "leaves a child": "sleep 600 &",
    "leaves a child with a session": "setsid sleep 3 &",
    "leaves a subshell": "(while :; do sleep 1; done) &",
    "waits for a terminal": "read answer </dev/tty",
    "asks for a password": "stty -echo; read -s answer; stty echo",
}


def _add(prefix: Path, name: str, text: str) -> None:
    path = prefix / "etc" / "conda" / "activate.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'echo run >> "$CONDA_PREFIX/runs-{name}"\n{text}\n')


def _runs(prefix: Path, name: str) -> int:
    path = prefix / f"runs-{name}"
    return len(path.read_text().splitlines()) if path.exists() else 0


def _advice(service: KernelService, prefix: Path) -> list[str]:
    service.registered()
    facts = EnvironmentFacts(id_of(prefix), prefix, kernels=("python3",))
    return [each.message for each in service.advice(facts) if each.code == "activation-script"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "LIMIT", 1.0)


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_script_is_named_and_the_others_are_run(
    service: KernelService, tf219: Path, quick: None, text: str
) -> None:
    _add(tf219, "a.sh", "export BEFORE=1")
    _add(tf219, "b.sh", text)
    _add(tf219, "c.sh", "export AFTER=1")
    run(service.register(tf219))
    env = spec_of("conda-env-tf219-py")["env"]
    assert (env["BEFORE"], env["AFTER"]) == ("1", "1")
    (told,) = _advice(service, tf219)
    assert f"{tf219}/etc/conda/activate.d/b.sh did not end within 1 seconds" in told
    assert "Correct the script or remove its package." in told


@pytest.mark.parametrize("text", ENDING.values(), ids=ENDING)
def test_a_script_that_ends_counts_whatever_it_leaves(
    service: KernelService, tf219: Path, quick: None, text: str
) -> None:
    _add(tf219, "a.sh", f"export BEFORE=1\n{text}")
    run(service.register(tf219))
    assert spec_of("conda-env-tf219-py")["env"]["BEFORE"] == "1"
    assert _advice(service, tf219) == []


@pytest.mark.parametrize("text", ["exit 0", "exit 3", "kill -9 $$", "exec true"])
def test_a_script_that_ends_the_shell_is_named(service: KernelService, tf219: Path, text: str) -> None:
    _add(tf219, "a.sh", text)
    _add(tf219, "b.sh", "export AFTER=1")
    run(service.register(tf219))
    assert spec_of("conda-env-tf219-py")["env"]["AFTER"] == "1"
    assert f"{tf219}/etc/conda/activate.d/a.sh ended the shell" in _advice(service, tf219)[0]


def test_an_unchanged_script_is_not_run_again(
    make_service: Callable[..., KernelService], tf219: Path, quick: None
) -> None:
    _add(tf219, "a.sh", "sleep 600")
    run(make_service().register(tf219))
    assert _runs(tf219, "a.sh") == 1
    # Another server, a change of the environment, kernel settings, and the start of a kernel.
    other = make_service()
    (tf219 / "conda-meta" / "history").touch()
    run(other.reconcile())
    run(other.change(tf219, "tf219", {"legacy_keras": True}))
    spec = next(kernelspecs.ours())
    assert building.activated(spec, {"PATH": "/usr/bin:/bin"})[0]["CONDA_PREFIX"] == str(tf219)
    assert _runs(tf219, "a.sh") == 1
    assert _advice(other, tf219) != []


@pytest.mark.parametrize("change", ["corrected", "removed", "another added"])
def test_the_verdict_ends_with_a_change_of_the_scripts(
    service: KernelService, tf219: Path, quick: None, change: str
) -> None:
    _add(tf219, "a.sh", "sleep 600")
    run(service.register(tf219))
    script = tf219 / "etc/conda/activate.d/a.sh"
    if change == "corrected":
        script.write_text("export CORRECTED=1\n")
    elif change == "removed":
        script.unlink()
    else:
        _add(tf219, "b.sh", "export B=1")
    run(service.reconcile())
    is_still_there = change == "another added"
    assert bool(_advice(service, tf219)) is is_still_there
    assert ("CORRECTED" in spec_of("conda-env-tf219-py")["env"]) is (change == "corrected")


def test_scripts_that_hang_delay_only_their_own_environments(
    make_service: Callable[..., KernelService], envs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "LIMIT", 600.0)
    for number in range(6):
        _add(make_prefix(envs / f"a{number}", kernels=["python3"]), "a.sh", "sleep 600")
    for number in range(6):
        _add(make_prefix(envs / f"b{number}", kernels=["python3"]), "a.sh", "export A=1")
    service = make_service()
    with _begun(service):
        _require_others_go_on(service, envs)


@contextmanager
def _begun(service: KernelService) -> Iterator[None]:
    """Reconcile in another thread, and end its scripts at the end, also after a failure: they hang for minutes."""
    first = threading.Thread(target=lambda: asyncio.run(service.reconcile()), daemon=True)
    first.start()
    try:
        yield
    finally:
        while first.is_alive():
            # Some scripts may only begin now.
            scripts.end_all()
            first.join(0.1)


def _require_others_go_on(service: KernelService, envs: Path) -> None:
    quick = [f"conda-env-b{number}-py" for number in range(6)]
    until = time.monotonic() + 120
    while registered() != quick and time.monotonic() < until:
        time.sleep(0.05)
    assert registered() == quick
    # A new environment and one that changed do not wait for them either.
    run(service.register(make_prefix(envs / "c", kernels=["python3"])))
    (envs / "b0/etc/conda/activate.d/a.sh").write_text("export A=two\n")
    run(service.reconcile([envs / "b0"]))
    assert spec_of("conda-env-b0-py")["env"]["A"] == "two"
