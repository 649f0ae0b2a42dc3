"""Test the main workflow with real TensorFlow through a real server, without a browser.

In an empty HOME, create an environment with the second newest release over REST, run a notebook in its kernel, update
to the newest release, add pandas, run the notebook again, delete the environment, and verify that nothing is left. If
no conda channel answers, Python comes from a local channel, and everything else from the package index. The last line
is ``smoke: ok tensorflow <v1> -> <v2> keras <v> kernel <id> create <s> s update <s> s pandas <v>``. The exit status is
not 0 after any failure.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from channel import choose, index_variables
from setup import ROOT, environment

sys.path.append(str(ROOT))

from tests.contract import check_answer

NAME = "smoke"
STARTED = time.monotonic()
#: What TensorFlow is called on channels and on the index.
PROJECTS = ("tensorflow", "tensorflow-cpu")
#: Maximum seconds for a job or a cell.
LIMIT = 900
#: Cells of the notebook: a matrix product that must be right, and a model that must learn.
CELLS = (
    "import json, sys\nimport numpy as np, tensorflow as tf, keras",
    """a = np.random.default_rng(0).normal(size=(64, 64)).astype("float32")
product = tf.linalg.matmul(a, a).numpy()
assert np.allclose(product, a @ a, atol=1e-3), "matmul is wrong\"""",
    """x = np.random.default_rng(1).normal(size=(256, 8)).astype("float32")
y = x @ np.arange(8, dtype="float32")[:, None]
layers = keras.layers
model = keras.Sequential([layers.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
loss = model.fit(x, y, epochs=5, verbose=0).history["loss"]
assert np.isfinite(loss).all() and loss[-1] < loss[0], loss""",
    'print(json.dumps({"tensorflow": tf.__version__, "keras": keras.__version__, "prefix": sys.prefix}))',
)
#: A cell that prints the version of a package that was added.
ADDED = "import pandas\nassert pandas.DataFrame({'a': [1, 2]}).a.sum() == 3\nprint(json.dumps(pandas.__version__))"


class Failure(Exception):
    """A failed condition; the message says which."""


def check(condition: object, text: str) -> None:
    """Raise Failure with ``text`` unless ``condition`` is true."""
    if not condition:
        raise Failure(text)


def say(text: str) -> None:
    """Print a line of progress, with the seconds since the start."""
    print(f"smoke: {time.monotonic() - STARTED:6.1f} s  {text}", flush=True)


class Server:
    """A Jupyter server with the extension and a temporary home directory."""

    def __init__(self, home: Path, channels: list[str], cache: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.root = f"http://127.0.0.1:{port}"
        self.log = home / "server.log"
        command = [
            sys.executable, "-m", "jupyter_server", f"--port={port}", "--ip=127.0.0.1", "--allow-root",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={home}",
            f"--TfenvLab.package_cache={cache}", *(f"--TfenvLab.channels={url}" for url in channels),
        ]  # fmt: skip
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call a path below the server's URL and return the JSON answer. Raises Failure with the body of an error."""
        request = urllib.request.Request(
            f"{self.root}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                status, headers, content = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, content = error.code, error.headers, error.read()
        if path.startswith("tfenv-lab/"):
            check_answer(method, path.removeprefix("tfenv-lab/"), status, headers, content)
        check(status < 400, f"{method} {path}: {status} {content.decode(errors='replace')}")
        return json.loads(content or b"null")

    def wait(self) -> None:
        """Wait until the server answers. Raises Failure."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            check(self.process.poll() is None, "the server ended while it was starting")
            try:
                self.call("GET", "api/status")
            except (OSError, Failure):
                time.sleep(0.2)
            else:
                return
        raise Failure("the server did not answer within 60 s")

    def finish(self, job: dict[str, Any]) -> dict[str, Any]:
        """Wait until a job has succeeded and return it. Raises Failure."""
        deadline = time.monotonic() + LIMIT
        while job["state"] in ("queued", "running"):
            check(time.monotonic() < deadline, f"the job did not end within {LIMIT} s: {job}")
            time.sleep(0.1)
            job = self.call("GET", f"tfenv-lab/jobs/{job['id']}")
        check(job["state"] == "succeeded", f"the job ended as {job['state']}: {job['error']}")
        return job

    def change(self, request: dict[str, Any], tensorflow: str | None) -> tuple[dict[str, Any], float]:
        """Make a plan and apply it. Return its job, and the seconds for both.

        The plan must change TensorFlow to the version ``tensorflow``, or leave it alone (None).
        """
        started = time.monotonic()
        plan = self.call("POST", "tfenv-lab/plans", request)
        check(plan["entries"], f"the plan changes nothing: {plan}")
        moved = [entry["to"]["version"] for entry in plan["entries"] if entry["name"] in PROJECTS and entry["to"]]
        wanted = [] if tensorflow is None else [tensorflow]
        check(moved == wanted, f"the plan changes TensorFlow to {moved}, not {wanted}: {json.dumps(plan)}")
        job = self.finish(self.call("POST", "tfenv-lab/jobs", {"plan": plan["id"]}))
        return job, time.monotonic() - started

    def stop(self) -> None:
        """Stop the server."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("the server did not end within 20 s of SIGTERM") from None


def pick(catalog: dict[str, Any]) -> tuple[str, str, str]:
    """Return the newest release of the second newest minor version, the newest release, and a Python for both."""
    newest: dict[str, tuple[str, list[str]]] = {}
    for release in catalog["releases"]:
        for variant in release["variants"]:
            if variant["name"] == "cpu" and variant["installable"]:
                minor = ".".join(release["version"].split(".")[:2])
                blocked = {each["python"] for each in variant["blocked"]}
                pythons = [python for python in variant["python"] if python not in blocked]
                newest.setdefault(minor, (release["version"], pythons))
    check(
        len(newest) >= 2, f"the channels must have two minor versions for the CPU of this machine, not {sorted(newest)}"
    )
    (new, new_pythons), (old, old_pythons) = list(newest.values())[:2]
    both = [python for python in old_pythons if python in new_pythons]
    check(both, f"{old} and {new} have no Python in common")
    return old, new, max(both, key=lambda text: [int(part) for part in text.split(".")])


def execute(kernel: str, *more: str) -> list[Any]:
    """Run the notebook and ``more`` cells in a kernel, and return the JSON that its cells printed."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in (*CELLS, *more)]  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name=kernel, timeout=LIMIT).execute()
    outputs = (output for cell in notebook.cells[len(CELLS) - 1 :] for output in cell.outputs)
    return [json.loads(output["text"]) for output in outputs if output.get("name") == "stdout"]


def main_job(server: Server, home: Path) -> str:
    """Run the whole workflow, and return the summary for the last line."""
    say(f"server {server.call('GET', 'tfenv-lab/status')['version']}")
    old, new, python = pick(server.call("GET", "tfenv-lab/tensorflow"))

    say(f"creating tensorflow {old}, Python {python}")
    request = {"kind": "create", "name": NAME, "tensorflow": old, "python": python, "variant": "cpu"}
    job, created = server.change(request, old)
    environment = server.call("GET", f"tfenv-lab/environments/{job['environment']}")
    prefix = Path(environment["prefix"])
    kernel = environment["kernel"]["name"]
    check(
        kernel in server.call("GET", "api/kernelspecs")["kernelspecs"],
        f"the server does not know {kernel} yet",
    )
    listed = home / ".conda" / "environments.txt"
    check(str(prefix) in listed.read_text().splitlines(), f"{prefix} is not in {listed}")

    say(f"running a notebook in {kernel}")
    [first] = execute(kernel)
    check(first["tensorflow"] == old, f"the kernel has tensorflow {first['tensorflow']}, not {old}")
    check(first["prefix"] == str(prefix), f"the kernel runs in {first['prefix']}, not {prefix}")
    check(environment["update"]["tensorflow"] == new, f"no update to {new} is offered: {environment['update']}")

    say(f"updating to {new}")
    update = {"kind": "update", "environment": environment["id"], "packages": ["tensorflow"]}
    _, updated = server.change(update, new)
    say("adding pandas")
    server.change({"kind": "install", "environment": environment["id"], "specs": ["pandas"]}, None)
    say("running the notebook again")
    second, pandas = execute(kernel, ADDED)
    check(
        second["tensorflow"] == new,
        f"after the update the kernel has tensorflow {second['tensorflow']}, not {new}",
    )

    say("deleting the environment")
    server.finish(server.call("DELETE", f"tfenv-lab/environments/{environment['id']}?at_once=true"))
    # The prefix is gone at once, but its files are still being deleted after the job has succeeded.
    deadline = time.monotonic() + 60
    while left := [str(path) for path in prefix.parent.iterdir()]:
        check(time.monotonic() < deadline, f"left next to the environment: {left}")
        time.sleep(0.2)
    check(str(prefix) not in listed.read_text().splitlines(), f"{prefix} is still in {listed}")
    check(kernel not in server.call("GET", "api/kernelspecs")["kernelspecs"], f"{kernel} is still a kernel")
    check(not list(home.rglob(f"kernels/{kernel}")), "the kernelspec's directory is still there")
    return (
        f"tensorflow {old} -> {new} keras {second['keras']} kernel {kernel} "
        f"create {created:.1f} s update {updated:.1f} s pandas {pandas}"
    )


def main() -> int:
    """Run the smoke test in a temporary home directory, and print the result."""
    import platformdirs

    # Only downloads are shared with the next run.
    cache = platformdirs.user_cache_path("tfenv_lab") / "test-packages"
    index = index_variables()
    # Exit normally on SIGTERM, so that the server ends and the home directory is deleted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    channels = os.environ["TFENV_CHANNELS"].split() if "TFENV_CHANNELS" in os.environ else choose()
    with tempfile.TemporaryDirectory(prefix="tfenv-smoke-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        for name in [name for name in os.environ if name.startswith(("CONDA", "JUPYTER", "XDG_", "MAMBA"))]:
            del os.environ[name]
        os.environ.update(environment() | index, HOME=str(home), TF_CPP_MIN_LOG_LEVEL="2")
        server = Server(home, channels, cache)
        try:
            server.wait()
            result = main_job(server, home)
            server.stop()
        except Exception as error:
            print(
                "".join(server.log.read_text(errors="replace").splitlines(keepends=True)[-40:]),
                file=sys.stderr,
            )
            print(f"smoke: failed: {type(error).__name__}: {error}", file=sys.stderr)
            return 1
        finally:
            if server.process.poll() is None:
                server.process.kill()
    print(f"smoke: ok {result}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
