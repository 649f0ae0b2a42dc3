"""Run the activation scripts of an environment in a shell, without waiting for one that never ends."""

from __future__ import annotations

import atexit
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...processes import kill_group

#: Seconds that all scripts of an environment may take together.
LIMIT = 10.0
#: Number of scripts of one environment that may fail, until none of them is run.
_MOST_FAULTS = 3
#: Seconds between two looks whether the shell has ended, although a child of it still has its output.
_PAUSE = 0.1
#: What the shell writes before each script, with the script's number, and after the last one.
_MARK = b"tfenv-lab-script "
#: Values with which Python replaces the C locale for itself and its children (PEP 538).
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")

#: The shells that run now. They must not outlive this process.
_running: set[subprocess.Popen[bytes]] = set()


def run(
    scripts: Sequence[Path], env: Mapping[str, str], skipped: Mapping[str, str]
) -> tuple[dict[str, str] | None, dict[str, str]]:
    """Source the scripts in a shell that starts with ``env``, except those whose names are in ``skipped``.

    Return the shell's variables, or None if they could not be found out, and the scripts to skip: those in ``skipped``
    and those that did not end within LIMIT seconds or ended the shell, with what each of them did. What a script leaves
    running in the background is killed.
    """
    skipped = dict(skipped)
    for _ in range(_MOST_FAULTS + 1):
        rest = [script for script in scripts if script.name not in skipped]
        if not rest:
            return dict(env), skipped
        found, last, is_late = _run_once(rest, env)
        if found is not None or last is None:
            return found, skipped
        skipped[last.name] = f"did not end within {LIMIT:g} seconds" if is_late else "ended the shell that ran it"
    return None, skipped


def _run_once(scripts: Sequence[Path], env: Mapping[str, str]) -> tuple[dict[str, str] | None, Path | None, bool]:
    """Return the shell's variables or None, the script that it last began, and whether the time was over."""
    shell = shutil.which("bash") or shutil.which("sh")
    if shell is None:
        return None, None, False
    # This server's interpreter reads the variables, because the scripts can break the environment's own interpreter.
    dump = "import os,sys;sys.stdout.buffer.write(b'\\0'.join(k+b'='+v for k,v in os.environb.items()))"
    lines = []
    for number, script in enumerate(scripts):
        lines.append(f"printf '{_MARK.decode()}{number}\\0'")
        lines.append(f". {shlex.quote(str(script))} >/dev/null 2>&1 </dev/null || true")
    lines.append(f"printf '{_MARK.decode()}{len(scripts)}\\0'")
    lines.append(f"exec {shlex.quote(sys.executable)} -I -S -c {shlex.quote(dump)}")
    options = ["--norc", "--noprofile"] if shell.endswith("bash") else []
    process = subprocess.Popen(  # noqa: S603 - the scripts are the environment's own; conda runs them too
        [shell, *options, "-c", "\n".join(lines)],
        env=dict(env),
        # A script that runs Python must not import the files in the directory where the server was started.
        cwd=scripts[0].parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # In a new session, it has no terminal that a script could wait for.
        start_new_session=True,
    )
    _running.add(process)
    try:
        output, is_late = _wait(process)
    finally:
        kill_group(process)
        if process.stdout is not None:
            process.stdout.close()
        _running.discard(process)
    items = output.split(b"\0")
    marks = [item for item in items if item.startswith(_MARK)]
    pairs = [item for item in items if not item.startswith(_MARK)]
    begun = int(marks[-1].removeprefix(_MARK)) if marks else 0
    # If a script calls exit, the shell ends before it writes anything.
    if is_late or process.returncode != 0 or begun < len(scripts):
        return None, scripts[begun] if begun < len(scripts) else None, is_late
    split = (item.partition(b"=") for item in pairs if item)
    found = {os.fsdecode(name): os.fsdecode(value) for name, _, value in split}
    if "LC_CTYPE" not in env and found.get("LC_CTYPE") in _COERCED:
        # Python set it because there is no locale; the scripts did not.
        del found["LC_CTYPE"]
    return found, None, False


def _wait(process: subprocess.Popen[bytes]) -> tuple[bytes, bool]:
    """Wait until the shell ends or its time is over. Return what it wrote, and whether its time was over."""
    until = time.monotonic() + LIMIT
    is_ended = False
    while True:
        try:
            return process.communicate(timeout=_PAUSE)[0], False
        except subprocess.TimeoutExpired as error:
            is_late = time.monotonic() > until
            if is_ended or is_late:
                kill_group(process)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.communicate(timeout=_PAUSE)[0], not is_ended
                # A child in another session still has the shell's output.
                process.kill()
                process.wait()
                return error.output or b"", not is_ended
            is_ended = process.poll() is not None


@atexit.register
def end_all() -> None:
    """Kill the shells that still run, because they must not outlive this process."""
    for process in list(_running):
        kill_group(process)
