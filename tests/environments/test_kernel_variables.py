"""Test that every kernel has the variables that ``conda activate`` gives in a terminal, also after each change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from tests.conftest import Api
from tests.kernels.on_disk import kernels, spec_of
from tfenv_lab.jobs.models import Job
from tfenv_lab.kernels.kernelspecs import MARK
from tfenv_lab.processes import with_kernel_variables

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="activation scripts are run by bash")

#: Variables that the shell or the start of a kernel sets.
_OTHERS = {"_", "SHLVL", "PWD", "OLDPWD", "LC_CTYPE", "JPY_PARENT_PID", "CONDA_PROMPT_MODIFIER"}

#: Scripts of an environment, by what they do with variables.
SCRIPTS = {
    "append": "export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$CONDA_PREFIX/lib/",
    "prepend if set": "export LD_LIBRARY_PATH=$CONDA_PREFIX/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}",
    "both ends": 'export LD_LIBRARY_PATH="/front:$LD_LIBRARY_PATH:$CONDA_PREFIX/lib"',
    "append words": 'export XLA_FLAGS="$XLA_FLAGS --xla_gpu_cuda_data_dir=$CONDA_PREFIX/lib/"',
    "set": "export XLA_FLAGS=--xla_gpu_cuda_data_dir=$CONDA_PREFIX/lib/ TF_USE_LEGACY_KERAS=0",
    "set if not set": 'export OMP_NUM_THREADS="${OMP_NUM_THREADS:-4}"',
    "use another": 'export TF_NUM_INTEROP_THREADS="$OMP_NUM_THREADS"',
    "unset": "unset LD_LIBRARY_PATH",
    "unset and set": "unset XLA_FLAGS\nexport XLA_FLAGS=--xla_dump_to=$CONDA_PREFIX/dump",
    "set to the empty text": "export XLA_FLAGS=",
    "path": 'export PATH="/front:$PATH:$CONDA_PREFIX/extra"',
    "path replaced": 'export PATH="$CONDA_PREFIX/bin:/usr/bin:/bin"',
    "dollar": "export MINE='${PATH} $$ $HOME'",
}

#: What a server inherits at its start; None is a variable that is not set.
BASES: list[dict[str, str | None]] = [
    {"LD_LIBRARY_PATH": "/opt/A/lib", "XLA_FLAGS": "--a", "OMP_NUM_THREADS": "8"},
    {"LD_LIBRARY_PATH": "/opt/B/lib:/opt/b", "XLA_FLAGS": "--b", "OMP_NUM_THREADS": "2"},
    {"LD_LIBRARY_PATH": None, "XLA_FLAGS": None, "OMP_NUM_THREADS": None},
]


def declare(prefix: Path, script: str | None = None, variables: Mapping[str, str] | None = None) -> None:
    if script is not None:
        path = prefix / "etc/conda/activate.d/env_vars.sh"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script + "\n")
    if variables is not None:
        (prefix / "conda-meta/state").write_text(json.dumps({"version": 1, "env_vars": dict(variables)}))


def inherit(monkeypatch: pytest.MonkeyPatch, base: Mapping[str, str | None]) -> None:
    for name, value in base.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


def in_a_terminal(prefix: Path) -> dict[str, str]:
    """Return the variables after ``conda activate`` in a shell: conda/activate.py, in the words of a shell."""
    state = prefix / "conda-meta/state"
    variables = json.loads(state.read_text())["env_vars"] if state.is_file() else {}
    env = {
        **os.environ,
        "PATH": f"{prefix}/bin:{os.environ['PATH']}",
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": prefix.name,
        "CONDA_SHLVL": "1",
        **variables,
    }
    lines = [f'. "{script}"' for script in sorted((prefix / "etc/conda/activate.d").glob("*.sh"))]
    shell = shutil.which("bash")
    dump = shutil.which("env")
    command = [str(shell), "--norc", "--noprofile", "-c", "\n".join([*lines, f"exec {dump} -0"])]
    output = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    return compared(dict(item.split("=", 1) for item in output.split("\0") if item))


def compared(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name not in _OTHERS}


async def listed(api: Api) -> None:
    """List the environments as the panel does, and wait for what the server does after its answer."""
    await api.call("GET", "environments")
    await api.services.environments.stop()


def manager_of(name: str) -> AsyncKernelManager:
    return AsyncKernelManager(kernel_name=f"conda-env-{name}-py")


async def in_the_kernel(name: str, manager: AsyncKernelManager | None = None) -> dict[str, str]:
    """Return the variables with which this server starts, or with ``manager`` restarts, a kernel."""
    manager = manager or manager_of(name)
    _, started = await manager._async_pre_start_kernel(env=dict(os.environ))
    assert manager.provisioner is not None
    await manager.provisioner.cleanup(restart=False)
    manager.cleanup_connection_file()
    return compared(started["env"])


def in_another_jupyter(name: str) -> dict[str, str]:
    """Return the variables with which a Jupyter without this package starts a kernel."""
    return compared(with_kernel_variables(KernelSpecManager().get_kernel_spec(f"conda-env-{name}-py").env))


def without_empty(variables: Mapping[str, str]) -> dict[str, str]:
    """Leave out empty variables: another Jupyter cannot unset one."""
    return {name: value for name, value in variables.items() if value}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_every_start_of_every_server_is_as_in_a_terminal(
    api: Api, made: Any, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = Path(made["prefix"])
    declare(prefix, script, {"DECLARED": f"{prefix}/x"})
    manager = manager_of("tf")
    for base in (*BASES, BASES[0]):
        inherit(monkeypatch, base)
        # Before anything lists the environments, the kernelspec is one for the server before.
        assert await in_the_kernel("tf") == in_a_terminal(prefix)
        assert await in_the_kernel("tf", manager) == in_a_terminal(prefix), "a restart"
        await listed(api)
        assert await in_the_kernel("tf") == in_a_terminal(prefix)
        assert without_empty(in_another_jupyter("tf")) == without_empty(in_a_terminal(prefix))


@pytest.mark.parametrize(
    "name",
    ["append", "prepend if set", "both ends", "path", "dollar", "unset and set"],
)
async def test_a_kernelspec_suits_later_servers_as_it_is(
    name: str, api: Api, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = Path(made["prefix"])
    declare(prefix, SCRIPTS[name])
    inherit(monkeypatch, BASES[0])
    await listed(api)
    inherit(monkeypatch, BASES[1])
    monkeypatch.setenv("PATH", "/another:" + os.environ["PATH"])
    assert in_another_jupyter("tf") == in_a_terminal(prefix)


async def test_a_kernelspec_that_suits_the_server_is_not_written_again(
    api: Api, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inherit(monkeypatch, BASES[0])
    declare(Path(made["prefix"]), "\n".join(SCRIPTS.values()), {"MODE": "1"})
    (kernel := spec_of("conda-env-tf-py"))["metadata"][MARK]["env"] = {"LD_LIBRARY_PATH": "/mine"}
    (kernels() / "conda-env-tf-py/kernel.json").write_text(json.dumps(kernel))
    await listed(api)
    before = (kernels() / "conda-env-tf-py/kernel.json").stat().st_mtime_ns
    for _ in range(2):
        await listed(api)
    assert (kernels() / "conda-env-tf-py/kernel.json").stat().st_mtime_ns == before
    assert (await in_the_kernel("tf"))["LD_LIBRARY_PATH"] == "/mine"


CHANGES: dict[str, dict[str, Any]] = {
    "copy": {"kind": "clone", "name": "other"},
    "rename": {"kind": "rename", "name": "other"},
    "into a copy": {"kind": "install", "specs": ["pandas"], "into": "other"},
    "update": {"kind": "update", "packages": "all"},
    "update into a copy": {"kind": "update", "packages": "all", "into": "other"},
    "install": {"kind": "install", "specs": ["pandas"]},
    "revert": {"kind": "revert", "revision": 0},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("scripts", [("append", "set"), ("unset", "append words")], ids=" and ".join)
async def test_every_change_keeps_what_a_terminal_has(
    api: Api, made: Any, change: str, scripts: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inherit(monkeypatch, BASES[0])
    original = Path(made["prefix"])
    declare(original, "\n".join(SCRIPTS[name] for name in scripts), {"TF_USE_LEGACY_KERAS": "0", "MODE": "fast"})
    if change == "revert":
        assert (await api.apply(kind="install", environment=made["id"], specs=["pandas"]))["state"] == "succeeded"
    await listed(api)
    job = await api.apply(environment=made["id"], **CHANGES[change])
    assert job["state"] == "succeeded", job
    prefix = Path(job["prefix"])
    for place in {prefix, original} if change != "rename" else {prefix}:
        expected = in_a_terminal(place)
        assert expected["TF_USE_LEGACY_KERAS"] == "0"
        assert expected["MODE"] == "fast"
        assert await in_the_kernel(place.name) == expected
        assert without_empty(in_another_jupyter(place.name)) == without_empty(expected)
        assert (await api.environment(place.name))["legacy_keras"]["enabled"] is False


@pytest.mark.parametrize("change", ["copy", "rename", "into a copy", "install"])
async def test_every_change_keeps_the_variables_that_a_user_added(api: Api, made: Any, change: str) -> None:
    old = Path(made["prefix"])
    added = {
        "MINE": f"{old}/share:{old}-gpu:/data{old}:${{HOME}}",
        "CFLAGS": f"-I{old}/include",
        "TF_USE_LEGACY_KERAS": "true",
        "XLA_FLAGS": f"--xla_gpu_cuda_data_dir={old}/lib/",
    }
    status, _ = await api.call("PUT", f"environments/{made['id']}/kernelspec", {"ignore_user_site": True})
    assert status == 200
    kernel = spec_of("conda-env-tf-py")
    kernel["metadata"][MARK]["env"].update(added)
    kernel["metadata"][MARK]["fingerprint"] = "edited"
    (kernels() / "conda-env-tf-py/kernel.json").write_text(json.dumps(kernel))
    job = await api.apply(environment=made["id"], **CHANGES[change])
    assert job["state"] == "succeeded", job
    new = Path(job["prefix"])
    found = await in_the_kernel(new.name)
    assert {name: found.get(name) for name in (*added, "PYTHONNOUSERSITE")} == {
        "MINE": f"{new}/share:{old}-gpu:/data{old}:{os.environ['HOME']}",
        "CFLAGS": f"-I{new}/include",
        "TF_USE_LEGACY_KERAS": "true",
        "XLA_FLAGS": f"--xla_gpu_cuda_data_dir={new}/lib/",
        "PYTHONNOUSERSITE": "1",
    }
    assert (await api.environment(new.name))["legacy_keras"]["enabled"] is True


async def test_a_variable_of_the_environment_is_there_at_the_next_start(api: Api, made: Any) -> None:
    manager = manager_of("tf")
    assert "MODE" not in await in_the_kernel("tf", manager)
    for value in ("one", "two"):
        declare(Path(made["prefix"]), variables={"MODE": value})
        assert (await in_the_kernel("tf", manager))["MODE"] == value, "a restart"
        assert (await in_the_kernel("tf"))["MODE"] == value
        await listed(api)
        assert in_another_jupyter("tf")["MODE"] == value


async def test_bytes_that_are_not_text_reach_the_kernel(api: Api, made: Any) -> None:
    prefix = Path(made["prefix"])
    declare(prefix, "export MINE=$'caf\\xe9'")
    await listed(api)
    copy = await api.apply(kind="clone", environment=made["id"], name="other")
    assert copy["message"] == "The copy is ready", copy
    for name in ("tf", "other"):
        assert os.fsencode((await in_the_kernel(name))["MINE"]) == b"caf\xe9"
        assert "MINE" not in in_another_jupyter(name)
        assert (await api.environment(name))["kernel"] is not None
    _, job = await api.call("POST", f"environments/{made['id']}/checks")
    assert (await api.finished(job["id"]))["state"] == "succeeded"


async def test_variables_that_no_process_can_have_are_in_nobodys_way(api: Api, made: Any) -> None:
    declare(Path(made["prefix"]), "export GOOD=1", {"A=B": "1", "X": "a\0b", "GOOD": "0"})
    status, answer = await api.call("PUT", f"environments/{made['id']}/kernelspec", {})
    assert status == 200, answer
    assert (await in_the_kernel("tf"))["GOOD"] == "1"
    copy = await api.apply(kind="clone", environment=made["id"], name="other")
    assert copy["message"] == "The copy is ready", copy
    status, text = await api.call("GET", f"environments/{made['id']}/export?format=environment-yml")
    assert status == 200, text


async def test_a_kernel_starts_although_its_scripts_fail(api: Api, made: Any, caplog: pytest.LogCaptureFixture) -> None:
    declare(Path(made["prefix"]), "export MODE=1")
    await listed(api)
    declare(Path(made["prefix"]), "exit 1")
    assert "MODE" not in await in_the_kernel("tf")
    assert "ended the shell" in caplog.text


async def test_a_kernelspec_of_an_earlier_version_starts_as_it_is(api: Api, made: Any) -> None:
    kernel = spec_of("conda-env-tf-py")
    for name in ("root", "inherits", "inherited"):
        del kernel["metadata"][MARK][name]
    kernel["metadata"][MARK]["format"] = 2
    kernel["env"]["OLD"] = "1"
    (kernels() / "conda-env-tf-py/kernel.json").write_text(json.dumps(kernel))
    assert (await in_the_kernel("tf"))["OLD"] == "1"
    # A server does this when it starts.
    await api.services.kernels.reconcile()
    assert await in_the_kernel("tf") == in_a_terminal(Path(made["prefix"]))


async def test_a_check_has_the_variables_of_a_kernel_that_starts_now(api: Api, made: Any) -> None:
    prefix = Path(made["prefix"])
    declare(prefix, variables={"MODE": "late"})
    module = next(prefix.glob("lib/python3.*/site-packages")) / "tensorflow/__init__.py"
    module.unlink()
    module.write_text("import os; print('the mode is', os.environ.get('MODE'))\n")
    _, job = await api.call("POST", f"environments/{made['id']}/checks")
    assert "the mode is late" in (await api.finished(job["id"]))["result"]["output"]


async def test_a_job_that_an_earlier_version_stored_keeps_the_settings(api: Api, made: Any) -> None:
    job = Job("1", "rename", "tf", made["prefix"], None, kernel={"legacy_keras": True}, moved_from="/no/such/prefix")
    await api.services.aftermath.settle(job, None)
    assert (await in_the_kernel("tf"))["TF_USE_LEGACY_KERAS"] == "1"
