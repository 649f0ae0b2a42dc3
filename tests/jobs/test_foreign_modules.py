"""Files of the user with the names of standard modules, in places where Python looks, do not reach the product."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_async_kernel
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from tests.conftest import Api
from tests.tiny_tensorflow import PYTHON
from tfenv_lab.jobs import starting
from tfenv_lab.kernels import default_provisioner, diagnosis

STANDARD = ("random", "email", "queue", "json", "asyncio", "logging", "string", "copy", "numbers", "os", "site")
NAMES = (*STANDARD, "typing", "msgspec", "psutil", "rattler")
CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


def fill_with_modules(folder: Path) -> Path:
    """Write modules that cannot be imported."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"raise ImportError('the {name}.py of the user')\n")
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which JupyterLab was started, with such modules."""
    folder = fill_with_modules(tmp_path / "work")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def _forget() -> Any:
    KernelProvisionerFactory.clear_instance()
    diagnosis.proved.clear()
    yield
    KernelProvisionerFactory.clear_instance()


async def output(kernel: str, code: str, cwd: Path) -> str:
    """Start a kernel as a server does that was started in ``cwd``, and return what a cell prints."""
    manager, client = await start_new_async_kernel(kernel_name=kernel, startup_timeout=60, cwd=str(cwd))
    seen: list[Any] = []
    try:
        await client.execute_interactive(code, output_hook=seen.append, timeout=30)
        return "".join(m["content"]["text"] for m in seen if m["msg_type"] == "stream")
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def create_and_check(api: Api) -> Any:
    job = await api.apply(**CREATE)
    assert job["state"] == "succeeded", job
    found = await api.environment("tf")
    status, check = await api.call("POST", f"environments/{found['id']}/checks")
    assert status == 202, check
    check = await api.finished(check["id"])
    assert (check["state"], check["result"]["tensorflow"]) == ("succeeded", "2.19.1"), check
    return found


async def create_check_and_start(api: Api, tmp_path: Path) -> None:
    found = await create_and_check(api)
    assert await diagnosis.reason(KernelSpecManager().get_kernel_spec(found["kernel"]["name"])) is None
    default_provisioner.install(None)
    elsewhere = tmp_path / "notebooks"
    elsewhere.mkdir()
    shown = await output(found["kernel"]["name"], "import tensorflow; print(tensorflow.__version__)", elsewhere)
    assert shown == "2.19.1\n"


async def test_modules_in_the_folder_where_jupyterlab_was_started(api: Api, folder: Path, tmp_path: Path) -> None:
    await create_check_and_start(api, tmp_path)


async def test_an_empty_entry_of_pythonpath_is_not_that_folder(
    api: Api, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("", os.environ.get("PYTHONPATH", str(tmp_path)))))
    await create_check_and_start(api, tmp_path)


async def test_where_the_current_directory_was_deleted(api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    await create_and_check(api)


async def test_an_encoding_other_than_utf_8_is_not_in_the_way(
    api: Api, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("LC_ALL", "C"),
        ("PYTHONUTF8", "0"),
        ("PYTHONCOERCECLOCALE", "0"),
        ("PYTHONIOENCODING", "ascii"),
    ):
        monkeypatch.setenv(name, value)
    await create_check_and_start(api, tmp_path)


async def test_python_variables_that_upset_a_worker_do_not_reach_it(
    api: Api, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server would not have started with the first; it is a directory that was filled since.
    modules = fill_with_modules(tmp_path / "modules")
    (modules / "sitecustomize.py").write_text("import os; os._exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(modules))
    monkeypatch.setenv("PYTHONINSPECT", "1")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    job = await api.apply(**CREATE)
    assert job["state"] == "succeeded", job


def worker(code: str, tmp_path: Path, **variables: str) -> str:
    """Run ``code`` as the module of a worker, and return its output."""
    (tmp_path / "probe_of_worker.py").write_text(f"def main():\n    {code}\n")
    arguments, environ = starting.command({**os.environ, **variables})
    arguments[arguments.index("tfenv_lab.jobs.worker")] = "probe_of_worker"
    return subprocess.run(arguments, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def test_a_worker_imports_this_package_and_the_servers_path(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tfenv_lab

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(folder))
    assert worker("import tfenv_lab; print(tfenv_lab.__file__)", tmp_path) == tfenv_lab.__file__
    shown = worker("import sys; print('\\n'.join(sys.path))", tmp_path).splitlines()
    assert str(tmp_path) in shown
    assert str(folder) not in shown
    assert "" not in shown


def test_a_directory_on_the_servers_path_does_not_hide_the_standard_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(fill_with_modules(tmp_path)))
    assert worker("import random, email, queue; print(random.__name__)", tmp_path) == "random"


def test_a_worker_passes_pythons_variables_to_what_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    assert worker("import os; print(os.environ['PYTHONPATH'])", tmp_path, PYTHONPATH="/x::/y") == "/x::/y"


def test_a_worker_starts_where_the_current_directory_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert worker("print('here')", tmp_path) == "here"


@pytest.mark.skipif(sys.platform == "win32", reason="the user site is elsewhere on Windows")
async def test_a_broken_pth_file_in_the_user_site(api: Api, folder: Path, tmp_path: Path, clean_home: Path) -> None:
    site = clean_home / ".local" / "lib" / f"python{PYTHON}" / "site-packages"
    fill_with_modules(site)
    (site / "broken.pth").write_text("import no_such_module_at_all\n")
    await create_check_and_start(api, tmp_path)
