"""The packed interpreter, and an environment with it."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from rattler import Channel, Gateway, VirtualPackage, install, solve
from uv import find_uv_bin

from tfenv_lab.wheelchannel.interpreter import Interpreter, Unsuitable, probe
from tfenv_lab.wheelchannel.python import pack_python

from .conda_package import CondaPackage
from .conftest import Built
from .tiny_wheel import make_wheel


def test_what_the_packed_python_holds(built: Built, interpreter: Interpreter) -> None:
    (path,) = (built.directory / "linux-64").glob("python-3*.conda")
    package = CondaPackage(path)
    library = f"lib/python{interpreter.minor}"
    assert package.files["bin/python"] == package.files["bin/python3"] == f"python{interpreter.minor}".encode()
    assert f"{library}/os.py" in package.files
    assert f"{library}/__pycache__/os.cpython-{interpreter.tag[2:]}.pyc" in package.files
    assert not [name for name in package.files if "EXTERNALLY-MANAGED" in name or f"{library}/test/" in name]
    assert not [name for name in package.files if name.startswith(f"{library}/site-packages/")]
    recorded = [name for name, entry in package.paths().items() if "prefix_placeholder" in entry]
    assert recorded
    assert all("_sysconfigdata" in name for name in recorded)


@pytest.fixture(scope="module")
def environment(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that py-rattler created from the channel."""

    root = tmp_path_factory.mktemp("environment")
    prefix = root / "somewhere else" / "env"

    async def make() -> None:
        found = await solve(
            [Channel(built.directory.as_uri())],
            ["python"],
            gateway=Gateway(cache_dir=root / "gateway"),
            platforms=["linux-64", "noarch"],
            virtual_packages=VirtualPackage.detect(),
        )
        await install(found, prefix, cache_dir=root / "packages", show_progress=False)

    asyncio.run(make())
    return prefix


def run(environment: Path, *command: str, **variables: str) -> str:
    program = environment / "bin" / command[0]
    answer = subprocess.run(
        [str(program), *command[1:]], env={"HOME": "/nowhere", **variables}, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_the_packed_python_runs_at_its_new_place(environment: Path, interpreter: Interpreter) -> None:
    code = """
import ssl, ctypes, sys, sysconfig
print(sys.prefix, sysconfig.get_config_var("prefix"), sysconfig.get_path("purelib"), sep="\\n")
"""
    lines = run(environment, "python", "-c", code).splitlines()
    assert lines == [str(environment)] * 2 + [str(environment / interpreter.site_packages)]


def test_it_loads_no_library_of_the_interpreter_it_was_packed_from(environment: Path, interpreter: Interpreter) -> None:
    code = "import ssl, sqlite3, ctypes; print(open('/proc/self/maps').read())"
    maps = run(environment, "python", "-c", code)
    own = "libpython" if interpreter.prefix == Path("/usr") else f"{interpreter.prefix}/"
    assert not [line for line in maps.splitlines() if own in line and str(environment) not in line]


def test_shipped_bytecode_is_fresh(environment: Path, interpreter: Interpreter) -> None:
    """Python uses the bytecode, so it compiles nothing at the first import."""
    code = "import asyncio, json; print(*(m.__cached__ for m in (asyncio, json)), sep='\\n')"
    caches = [Path(line) for line in run(environment, "python", "-B", "-c", code).splitlines()]
    for cache in caches:
        recorded = int.from_bytes(cache.read_bytes()[8:12], "little")
        source = cache.parent.parent / f"{cache.name.split('.')[0]}.py"
        assert recorded == int(source.stat().st_mtime)


def test_uv_installs_into_the_environment(environment: Path, interpreter: Interpreter, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "later", entry_points="[console_scripts]\nlater = later:print_version\n")
    command = [find_uv_bin(), "pip", "install", "--no-config", "--offline", "--python", str(environment / "bin/python")]
    answer = subprocess.run([*command, str(wheel)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert (environment / interpreter.site_packages / "later/__init__.py").exists()
    assert run(environment, "python", "-c", "import later; print(later.__version__)") == "1.0"
    assert str(environment) in (environment / "bin" / "later").read_text()


def test_an_environments_own_python_can_be_packed_again(environment: Path, tmp_path: Path) -> None:
    """So is the Python of a JupyterLab in a conda environment, which finds its libraries by relative paths."""
    again = probe(environment / "bin" / "python")
    assert again.prefix == environment.resolve()
    python, _ = pack_python(again, tmp_path / "channel", tmp_path / "work")
    package = CondaPackage(tmp_path / "channel" / "linux-64" / f"{python.stem}.conda")
    libraries = {path.name for path in (environment / "lib").glob("libpython*.so*")}
    assert {name for name in package.files if name.startswith("lib/libpython")} == {f"lib/{name}" for name in libraries}
    assert not [name for name, content in package.files.items() if str(environment).encode() in content]


def test_a_distributions_own_layout_is_undone(tmp_path: Path) -> None:
    """Debian's Python looks for packages in ``dist-packages``; packed, it must run with ``site-packages``."""
    try:
        system = probe(Path("/usr/bin/python3"))
    except Unsuitable as reason:
        pytest.skip(f"/usr/bin/python3: {reason}")
    if system.site_packages in system.sites:
        pytest.skip("/usr/bin/python3 has the usual layout")
    python, _ = pack_python(system, tmp_path / "channel", tmp_path / "work")
    package = CondaPackage(tmp_path / "channel" / "linux-64" / f"{python.stem}.conda")
    assert not [name for name in package.files if "EXTERNALLY-MANAGED" in name or name.endswith("sitecustomize.py")]
    assert f"{system.sites[-1]}/site-packages.pth" in package.files
