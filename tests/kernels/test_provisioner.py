"""Test that a kernel that cannot start says why, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from tornado.httpclient import HTTPClientError

from tests.kernels.conftest import ask, run, started
from tests.prefixes import add_record, make_prefix
from tfenv_lab.kernels import default_provisioner, diagnosis, provisioner
from tfenv_lab.kernels.service import KernelService


@pytest.fixture(autouse=True)
def ours_by_default() -> Iterator[None]:
    """Make our provisioner the server's default; afterwards, forget it and the kernels that proved able to start."""
    KernelProvisionerFactory.clear_instance()
    diagnosis.proved.clear()
    yield
    KernelProvisionerFactory.clear_instance()


@pytest.fixture
def kernel(service: KernelService, tf219: Path) -> str:
    return run(service.register(tf219)).name


def spec_of(name: str) -> KernelSpec:
    return KernelSpecManager().get_kernel_spec(name)


def why(name: str) -> str | None:
    return run(diagnosis.reason(spec_of(name)))


def _with_module(folder: Path, name: str) -> Path:
    """Return a folder with a module that cannot be imported."""
    folder.mkdir()
    (folder / f"{name}.py").write_text(f'raise ImportError("the user\'s {name}")\n')
    return folder


def replace_python(prefix: Path, text: str) -> None:
    (prefix / "bin" / "python").write_text(text)
    add_record(prefix, "changed-1-0")


class TestReason:
    def test_a_kernel_that_can_start_has_no_reason(self, kernel: str) -> None:
        assert why(kernel) is None

    def test_the_environment_was_removed(self, kernel: str, tf219: Path) -> None:
        shutil.rmtree(tf219)
        assert "was deleted" in str(why(kernel))
        assert str(tf219) in str(why(kernel))

    def test_its_drive_is_unavailable(self, kernel: str, tf219: Path) -> None:
        tf219.parent.rename(tf219.parent.with_name("unplugged"))
        assert "cannot be reached" in str(why(kernel))

    def test_its_interpreter_is_gone(self, kernel: str, tf219: Path) -> None:
        (tf219 / "bin" / "python").unlink()
        assert "damaged" in str(why(kernel))

    def test_its_interpreter_is_for_another_machine(self, kernel: str, tf219: Path) -> None:
        (tf219 / "bin" / "python").write_bytes(b"\x7fELF nonsense")
        assert "cannot be started" in str(why(kernel))

    def test_its_interpreter_ends_at_once(self, kernel: str, tf219: Path) -> None:
        replace_python(tf219, "#!/bin/sh\necho 'libpython3.11.so.1.0: cannot open shared object file' >&2\nexit 127\n")
        assert "libpython3.11.so.1.0: cannot open" in str(why(kernel))

    def test_ipykernel_is_gone(self, kernel: str, tf219: Path) -> None:
        replace_python(tf219, "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'ipykernel'\" >&2\nexit 1\n")
        assert "ipykernel is not installed" in str(why(kernel))

    def test_a_package_that_it_needs_is_broken(self, kernel: str, tf219: Path) -> None:
        replace_python(tf219, "#!/bin/sh\necho 'Traceback\n  ...\nImportError: cannot import name zmq' >&2\nexit 1\n")
        assert "ImportError: cannot import name zmq" in str(why(kernel))

    def test_a_kernel_that_starts_slowly_has_no_reason(
        self, kernel: str, tf219: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(diagnosis, "LIMIT", 0.2)
        replace_python(tf219, "#!/bin/sh\nexec sleep 60\n")
        assert why(kernel) is None

    def test_the_folder_where_jupyterlab_was_started_is_not_on_its_path(
        self, kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(_with_module(tmp_path / "work", "random"))
        assert why(kernel) is None

    def test_a_module_in_pythonpath_is_not_the_environments_fault(
        self, kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", str(_with_module(tmp_path / "lib", "random")))
        found = str(run(diagnosis.reason(spec_of(kernel), os.environ)))
        assert "the user's random" in found
        assert found.endswith("The cause is outside the environment. Unset PYTHONPATH before you start JupyterLab.")

    def test_a_module_in_the_user_site_is_not_the_environments_fault(self, kernel: str, tf219: Path) -> None:
        replace_python(
            tf219, '#!/bin/sh\n[ -n "$PYTHONNOUSERSITE" ] && exit 0\necho "ImportError: broken zmq" >&2\nexit 1\n'
        )
        assert "ImportError: broken zmq. The cause is outside the environment. Let the kernel" in str(why(kernel))

    def test_a_kernel_that_passed_is_tested_again_only_after_a_change(self, kernel: str, tf219: Path) -> None:
        count = tf219 / "count"
        replace_python(tf219, f"#!/bin/sh\necho . >> {count}\n")
        for _ in range(3):
            assert why(kernel) is None
        assert count.read_text() == ".\n"
        add_record(tf219, "more-1-0")
        assert why(kernel) is None
        assert count.read_text() == ".\n.\n"

    def test_other_languages_need_their_program_only(self, service: KernelService, envs: Path) -> None:
        from tests.prefixes import add_kernel

        prefix = make_prefix(envs / "r")
        (prefix / "bin").mkdir()
        (prefix / "bin" / "R").write_text("#!/bin/sh\nexit 1\n")
        (prefix / "bin" / "R").chmod(0o755)
        add_kernel(prefix, "ir", {"argv": ["R", "--slave"], "display_name": "R", "language": "R"})
        kernel = run(service.register(prefix))
        assert why(kernel.name) is None
        (prefix / "bin" / "R").unlink()
        assert "R is missing" in str(why(kernel.name))

    def test_kernels_without_our_mark_are_not_tested(self) -> None:
        spec = KernelSpec(argv=["/no/such/python", "-m", "ipykernel_launcher"], display_name="x", language="python")
        assert run(diagnosis.reason(spec)) is None


class TestInJupyter:
    def test_it_starts_kernels_like_jupyter(self, kernel: str) -> None:
        default_provisioner.install(None)
        with started(kernel) as (manager, client):
            assert isinstance(manager.provisioner, provisioner.EnvironmentProvisioner)
            assert ask(client, "print(6 * 7)") == "42"

    def test_a_restart_uses_the_current_kernel_settings(self, service: KernelService, kernel: str, tf219: Path) -> None:
        default_provisioner.install(None)
        shown = "import os; print(os.environ.get('TF_USE_LEGACY_KERAS'))"
        with started(kernel) as (manager, client):
            assert ask(client, shown) == "None"
            run(service.change(tf219, "tf219", {"legacy_keras": True}))
            manager.restart_kernel(now=True)
            client.wait_for_ready(timeout=60)
            assert ask(client, shown) == "1"

    def test_one_that_cannot_start_raises_the_reason(self, kernel: str, tf219: Path) -> None:
        default_provisioner.install(None)
        (tf219 / "bin" / "python").unlink()
        with pytest.raises(provisioner.CannotStart, match="damaged"):
            KernelManager(kernel_name=kernel).start_kernel()

    def test_a_chosen_provisioner_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", "cluster-provisioner")
        default_provisioner.install(None)
        assert KernelProvisionerFactory.instance().default_provisioner_name == "cluster-provisioner"

    def test_our_kernelspecs_do_not_name_the_provisioner(self, kernel: str) -> None:
        assert "kernel_provisioner" not in spec_of(kernel).metadata

    async def test_the_user_of_the_notebook_sees_the_reason(
        self, jp_fetch: Any, jp_serverapp: Any, kernel: str, tf219: Path
    ) -> None:
        default_provisioner.install(jp_serverapp)
        (tf219 / "bin" / "python").unlink()
        body = {"path": "x.ipynb", "type": "notebook", "name": "", "kernel": {"name": kernel}}
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("api", "sessions", method="POST", body=json.dumps(body))
        assert caught.value.response is not None
        answer = json.loads(caught.value.response.body)
        assert str(tf219) in answer["message"]
        assert "earlier revision" in answer["message"]
