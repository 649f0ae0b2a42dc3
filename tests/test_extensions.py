"""Other packages add sources of environments, checks and exporters; a faulty one is named, and changes nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .prefixes import make_prefix
from .servers import Server
from .tiny_channel import TinyChannel
from .tiny_tensorflow import PYTHON

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "extensions.md"

#: Extensions that fail, each in its own way: the module, and what the warning says.
FAULTY = {
    "missing": (None, "ModuleNotFoundError"),
    "broken": ("1 / 0", "ZeroDivisionError"),
    "ending": ("import sys; sys.exit(3)", "it tried to end the process (3)"),
    "empty": ("", "AttributeError"),
}
#: Sources that can be imported, but fail when they are called.
FAULTY_SOURCES = {
    "relative": ("def run(): return ['envs/tf']", "'envs/tf' is not an absolute path"),
    "raising": ("def run(): raise OSError('the share is away')", "the share is away"),
    "bytes": ("def run(): return [b'/x']", "is not an absolute path"),
    "newline": ("def run(): return ['/x\\ny']", "is not an absolute path"),
    "nothing": ("def run(): return None", "TypeError"),
    "ending-late": ("def run():\n    import os, sys\n    sys.exit(4)", "it tried to end the process (4)"),
}


def install(folder: Path, name: str, groups: dict[str, str], code: str | None) -> None:
    """Install a package: its module, and the metadata with its entry points, by group."""
    module = name.replace("-", "_")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    points = "".join(f"[{group}]\n{name} = {module}:{function}\n" for group, function in groups.items())
    (info / "entry_points.txt").write_text(points)
    if code is not None:
        (folder / f"{module}.py").write_text(code)


def example() -> str:
    """Return the example of the documentation."""
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return str(code)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The example, with an environment where it looks for them, and faulty extensions."""
    site = tmp_path / "site"
    named = re.findall(r'^\[project\.entry-points\."(.+)"\]\n(\w+) = "lab_site:(\w+)"', PAGE.read_text("utf-8"), re.M)
    assert [group for group, _, _ in named] == ["tfenv_lab.sources", "tfenv_lab.checks", "tfenv_lab.exporters"]
    assert {name for _, name, _ in named} == {"lab_site"}
    code = example().replace("/software/envs", str(tmp_path / "software"))
    install(site, "lab_site", {group: function for group, _, function in named}, code)
    return site


@pytest.fixture
def software(tmp_path: Path) -> Path:
    """A directory of environments that only the example knows."""
    make_prefix(tmp_path / "software" / "shared", ["pandas-2.2.0-py_0"], python="3.11.9")
    return tmp_path / "software"


@pytest.fixture
def server(tensorflow_channel: TinyChannel, site: Path, software: Path) -> Iterator[Server]:
    for name, (code, _) in FAULTY.items():
        install(site, name, dict.fromkeys(("tfenv_lab.sources", "tfenv_lab.exporters"), "run"), code)
        install(site, f"{name}-check", {"tfenv_lab.checks": "run"}, code)
    for name, (code, _) in FAULTY_SOURCES.items():
        install(site, name, {"tfenv_lab.sources": "run"}, code)
    noisy = "def run(environment):\n    print('noise', end='')\n    raise KeyError('x')\n"
    install(site, "noisy", {"tfenv_lab.checks": "run", "tfenv_lab.exporters": "run"}, noisy)
    install(site, "wrong", {"tfenv_lab.checks": "run", "tfenv_lab.exporters": "run"}, "def run(_): return [3]")
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    server = Server(tensorflow_channel, {"PYTHONPATH": path})
    yield server
    server.kill()


def run(site: Path, *arguments: str) -> Any:
    """Return the JSON of a command."""
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    code = "from tfenv_lab.cli.app import main; main()"
    command = [sys.executable, "-c", code, *arguments, "--json"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_server_uses_the_good_extensions_and_names_the_faulty_ones(server: Server, software: Path) -> None:
    [shared] = server.call("GET", "environments")["environments"]
    assert shared["prefix"] == str(software / "shared")
    assert {"lab_site", "wrong"} <= {*server.call("GET", "status")["exporters"]}
    status, error = server.ask("GET", f"environments/{shared['id']}/export?format=wrong")
    assert (status, error["reason"], "“wrong” failed" in error["message"]) == (500, "failed", True)
    status, error = server.ask("GET", f"environments/{shared['id']}/export?format=unknown")
    assert (status, error["reason"]) == (400, "invalid-request")

    server.apply(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
    job = server.ended(server.call("POST", f"environments/{server.environment('tf')['id']}/checks"))
    assert job["state"] == "succeeded"
    [found] = [each for each in job["result"]["problems"] if each["code"].startswith("lab_site.")]
    assert found["code"] == "lab_site.old"
    assert "2.19.1" in found["message"]
    told = " ".join(each["message"] for each in job["warnings"])
    assert [name for name in ("noisy", "wrong", "broken-check") if f"“{name}”" not in told] == []

    warnings = [each["message"] for each in server.call("GET", "status")["warnings"]]
    named = [(name, said) for name, (_, said) in {**FAULTY, **FAULTY_SOURCES}.items()]
    assert [
        (name, said)
        for name, said in named
        if not any(
            f"“{name}” (tfenv_lab.sources) of the package “{name}”" in text and said in text for text in warnings
        )
    ] == []
    assert not any("lab_site" in text for text in warnings)


def test_the_commands_use_them_by_the_same_rules(site: Path, software: Path) -> None:
    others = f"def run(): return ['{software}/shared/../shared', '/', '/etc', '{software}/absent']"
    install(site, "others", {"tfenv_lab.sources": "run"}, others)
    [shared] = run(site, "list")["environments"]
    assert shared["prefix"] == str(software / "shared")
    exported = run(site, "export", str(software / "shared"), "--format=lab_site")
    assert exported["content"].splitlines() == ["pandas 2.2.0", "python 3.11.9"]


def test_a_source_that_hangs_is_left_out(site: Path) -> None:
    install(site, "hanging", {"tfenv_lab.sources": "run"}, "def run():\n    import time\n    time.sleep(600)\n")
    [warning] = run(site, "status")["warnings"]
    assert "“hanging”" in warning["message"]
    assert "did not answer in time" in warning["message"]


def test_without_extensions_nothing_is_imported_for_them() -> None:
    code = "import sys; from tfenv_lab import extensions as e; e.prefixes(); print('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
