"""Test registering environments as kernels."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from tests.kernels.conftest import ask, run, started
from tests.kernels.on_disk import hand_made, kernels, registered, spec_of
from tests.prefixes import add_kernel, make_prefix
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.environments.models import Kernel
from tfenv_lab.errors import InvalidRequest
from tfenv_lab.kernels.service import KernelService


class TestRegister:
    def test_jupyter_lists_it_at_once(self, service: KernelService, tf219: Path) -> None:
        kernel = run(service.register(tf219, "tf219"))
        assert kernel == Kernel("conda-env-tf219-py", "tf219 (TensorFlow 2.19.1)")
        assert KernelSpecManager().get_kernel_spec(kernel.name).display_name == "tf219 (TensorFlow 2.19.1)"

    def test_jupyter_lists_capitals_as_small_letters(self, service: KernelService, envs: Path) -> None:
        prefix = make_prefix(envs / "TF219", python="3.11.9", kernels=["python3"])
        kernel = run(service.register(prefix))
        assert registered() == ["conda-env-TF219-py"]
        assert kernel.name in KernelSpecManager().find_kernel_specs()
        assert run(service.kernel_of(prefix)) == kernel

    def test_names_that_differ_in_case_are_two_kernels(self, service: KernelService, envs: Path) -> None:
        prefixes = [make_prefix(envs / name, python="3.11.9", kernels=["python3"]) for name in ("TF", "tf")]
        kernels = [run(service.register(prefix)) for prefix in prefixes]
        specs = [KernelSpecManager().get_kernel_spec(kernel.name) for kernel in kernels]
        assert [spec.metadata["conda_env_path"] for spec in specs] == [str(prefix) for prefix in prefixes]

    def test_a_new_name_does_not_replace_a_kernel(self, service: KernelService, envs: Path) -> None:
        old = make_prefix(envs / "tf", python="3.11.9", kernels=["python3"])
        kernel = run(service.register(old))
        new = make_prefix(envs / "TF", python="3.11.9", kernels=["python3"])
        assert run(service.register(new)).name == "conda-env-tf-2-py"
        run(service.reconcile())
        assert run(service.kernel_of(old)) == kernel
        found = run(service.kernel_of(new))
        assert found is not None
        assert found.name == "conda-env-tf-2-py"

    def test_metadata_is_nb_conda_kernels_and_keeps_the_kernels_own(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        metadata = spec_of("conda-env-tf219-py")["metadata"]
        assert metadata.pop("tfenv_lab")["prefix"] == str(tf219)
        assert metadata == {
            "debugger": True,
            "conda_env_name": "tf219",
            "conda_env_path": str(tf219),
            "conda_language": "Python",
            "conda_raw_kernel_name": "python3",
            "conda_is_base_environment": False,
            "conda_is_currently_running": False,
        }

    def test_it_starts_the_environments_own_python_without_a_wrapper(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        assert spec_of("conda-env-tf219-py")["argv"] == [
            str(tf219 / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}",
        ]  # fmt: skip

    def test_the_kernelspec_has_the_variables_of_activation(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        env = spec_of("conda-env-tf219-py")["env"]
        assert (env["PATH"], env["CONDA_PREFIX"]) == (f"{tf219}/bin:${{PATH}}", str(tf219))

    def test_icons_are_copied(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        assert (kernels() / "conda-env-tf219-py" / "logo-64x64.png").read_bytes() == b"\x89PNG of python3"

    def test_kernels_of_every_language_are_registered(self, service: KernelService, envs: Path) -> None:
        prefix = make_prefix(
            envs / "many", ["r-base-4.4.1-h1_0", "julia-1.10.4-h1_0"], python="3.12.3", kernels=["python3"]
        )
        add_kernel(prefix, "ir", {"argv": ["R", "--slave"], "display_name": "R", "language": "R"})
        add_kernel(
            prefix, "julia-1.10", {"argv": [f"{prefix}/bin/julia"], "display_name": "Julia 1.10.4", "language": "julia"}
        )
        (prefix / "bin" / "R").touch()
        assert run(service.register(prefix)).name == "conda-env-many-py"
        assert registered() == ["conda-env-many-julia-1.10", "conda-env-many-py", "conda-env-many-r"]
        assert [spec_of(name)["display_name"] for name in registered()] == [
            "many (Julia 1.10.4 1.10.4)", "many (Python 3.12.3)", "many (R 4.4.1)",
        ]  # fmt: skip
        assert spec_of("conda-env-many-r")["argv"] == [str(prefix / "bin" / "R"), "--slave"]

    def test_tensorflow_of_pip_counts(self, service: KernelService, envs: Path) -> None:
        from tests.prefixes import add_dist_info

        prefix = make_prefix(envs / "piptf", python="3.11.9", kernels=["python3"])
        add_dist_info(prefix / "lib/python3.11/site-packages", "tensorflow_cpu", "2.20.0")
        assert run(service.register(prefix)).display_name == "piptf (TensorFlow 2.20.0)"

    def test_nb_conda_kernels_own_display_name_on_request(
        self, make_service: Callable[..., KernelService], tf219: Path
    ) -> None:
        service = make_service(display_name="{language} [conda env:{environment}]")
        assert run(service.register(tf219)).display_name == "Python [conda env:tf219]"

    def test_a_copied_kernelspec_starts_the_copys_python(self, service: KernelService, envs: Path) -> None:
        prefix = make_prefix(envs / "copy", python="3.11.9")
        add_kernel(
            prefix,
            "python3",
            {"argv": ["/original/bin/python", "-m", "x"], "display_name": "Python 3", "language": "python"},
        )
        run(service.register(prefix))
        assert spec_of("conda-env-copy-py")["argv"][0] == str(prefix / "bin" / "python")

    def test_without_a_kernel_it_says_what_to_install(self, service: KernelService, envs: Path) -> None:
        with pytest.raises(InvalidRequest, match="has no kernel") as refused:
            run(service.register(make_prefix(envs / "bare", python="3.11.9")))
        assert refused.value.hint == "Install the package ipykernel in the environment first."

    @pytest.mark.parametrize("spec", ["{", "[]", '{"argv": [1]}', '{"argv": []}', "{}"])
    def test_a_kernelspec_that_cannot_start_is_ignored(self, spec: str, service: KernelService, tf219: Path) -> None:
        (tf219 / "share" / "jupyter" / "kernels" / "python3" / "kernel.json").write_text(spec)
        with pytest.raises(InvalidRequest, match="has no kernel"):
            run(service.register(tf219))

    def test_kernelspecs_that_others_generated_inside_are_not_its_own(self, service: KernelService, envs: Path) -> None:
        prefix = make_prefix(envs / "x", python="3.11.9", kernels=["conda-env-other-py"])
        with pytest.raises(InvalidRequest):
            run(service.register(prefix))

    def test_a_hand_made_kernelspec_of_that_name_is_left_alone(self, service: KernelService, tf219: Path) -> None:
        hand_made("conda-env-tf219-py")
        with pytest.raises(InvalidRequest, match="does not manage"):
            run(service.register(tf219))
        assert spec_of("conda-env-tf219-py")["argv"] == ["x"]

    def test_variables_that_a_user_added_stay(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219, env={"TF_USE_LEGACY_KERAS": "1"}))
        run(service.register(tf219))
        assert spec_of("conda-env-tf219-py")["env"]["TF_USE_LEGACY_KERAS"] == "1"
        run(service.register(tf219, env={}))
        assert "TF_USE_LEGACY_KERAS" not in spec_of("conda-env-tf219-py")["env"]

    def test_nothing_is_left_half_written(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        run(service.register(tf219))
        assert registered() == ["conda-env-tf219-py"]


class TestNamesThatCollide:
    @pytest.fixture
    def other(self, tmp_path: Path) -> Path:
        return tmp_path / "other"

    def test_display_names_differ(self, service: KernelService, make_service: Any, envs: Path, other: Path) -> None:
        service = make_service(folders=[other / "envs"])
        places = [make_prefix(folder / "tf", python="3.11.9", kernels=["python3"]) for folder in (envs, other / "envs")]
        shown = [run(service.register(prefix, prefix.name)) for prefix in places]
        assert [kernel.display_name for kernel in shown] == ["tf (Python 3.11.9)", "other-tf (Python 3.11.9)"]
        assert [kernel.name for kernel in shown] == ["conda-env-tf-py", "conda-env-other-tf-py"]

    def test_a_new_environment_that_takes_an_id_gives_the_other_its_new_one(
        self, make_service: Any, other: Path
    ) -> None:
        service = make_service(folders=[other / "a", other / "b"])
        second = make_prefix(other / "b" / "x", python="3.11.9", kernels=["python3"])
        assert run(service.register(second, env={"MINE": "1"})).name == "conda-env-x-py"
        first = make_prefix(other / "a" / "x", python="3.11.9", kernels=["python3"])
        assert run(service.register(first)).name == "conda-env-x-py"
        assert spec_of("conda-env-x-py")["metadata"]["conda_env_path"] == str(first)
        assert spec_of("conda-env-x-2-py")["metadata"]["conda_env_path"] == str(second)
        assert spec_of("conda-env-x-2-py")["env"]["MINE"] == "1"


class TestKernelOf:
    def test_our_kernelspec_is_the_kernel(self, service: KernelService, tf219: Path, tmp_path: Path) -> None:
        run(service.register(tf219))
        (tmp_path / "link").symlink_to(tf219)
        for prefix in (tf219, tmp_path / "link"):
            assert run(service.kernel_of(prefix)) == Kernel("conda-env-tf219-py", "tf219 (TensorFlow 2.19.1)")

    def test_a_hand_made_one_that_starts_its_python(self, service: KernelService, tf219: Path) -> None:
        hand_made("mine", argv=[str(tf219 / "bin" / "python"), "-m", "ipykernel_launcher"], display_name="My TF")
        assert run(service.kernel_of(tf219)) == Kernel("mine", "My TF")
        run(service.register(tf219))
        kernel = run(service.kernel_of(tf219))
        assert kernel is not None
        assert kernel.name == "conda-env-tf219-py"

    def test_a_kernelspec_of_another_program_is_not_the_kernel(self, service: KernelService, tf219: Path) -> None:
        hand_made("other", argv=["/usr/bin/python3", "-m", "ipykernel_launcher"])
        hand_made("odd", argv="no list")
        assert run(service.kernel_of(tf219)) is None

    def test_a_change_is_seen(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        assert run(service.kernel_of(tf219)) is not None
        shutil.rmtree(kernels() / "conda-env-tf219-py")
        assert run(service.kernel_of(tf219)) is None


class TestUnregister:
    def test_only_our_kernelspecs_are_removed(self, service: KernelService, tf219: Path) -> None:
        hand_made("mine", argv=[str(tf219 / "bin" / "python")])
        run(service.register(tf219))
        run(service.unregister(tf219))
        assert registered() == ["mine"]

    def test_kernelspecs_of_a_deleted_environment_are_removed(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        shutil.rmtree(tf219)
        run(service.unregister(tf219))
        assert registered() == []

    def test_kernelspecs_of_other_environments_stay(self, service: KernelService, tf219: Path, envs: Path) -> None:
        run(service.register(tf219))
        run(service.register(make_prefix(envs / "b", python="3.11.9", kernels=["python3"])))
        run(service.unregister(tf219))
        assert registered() == ["conda-env-b-py"]


class TestRealKernels:
    @pytest.fixture
    def activated(self, tf219: Path) -> Path:
        scripts = tf219 / "etc" / "conda" / "activate.d"
        scripts.mkdir(parents=True)
        (scripts / "cuda.sh").write_text('export XLA_FLAGS="--xla_gpu_cuda_data_dir=$CONDA_PREFIX/lib"\n')
        return tf219

    def test_it_runs_activated_and_can_be_interrupted_and_restarted(
        self, service: KernelService, activated: Path
    ) -> None:
        kernel = run(service.register(activated, env={"TF_USE_LEGACY_KERAS": "1"}))
        names = ["XLA_FLAGS", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "TF_USE_LEGACY_KERAS"]
        look = f"import os; print(*[os.environ.get(n) for n in {names}], os.environ['PATH'].split(':')[0], sep='|')"
        expected = f"--xla_gpu_cuda_data_dir={activated}/lib|{activated}|tf219|1|{activated}/bin"
        with started(kernel.name) as (manager, client):
            assert ask(client, look) == expected
            # There is no process between Jupyter and the kernel.
            assert isinstance(manager.provisioner, LocalProvisioner)
            assert ask(client, "import os; print(os.getppid() != 0 and os.getpid())") == str(manager.provisioner.pid)
            client.execute("import time\nprint('ready', flush=True)\ntime.sleep(600)")
            while client.get_iopub_msg(timeout=30)["content"].get("text") != "ready\n":
                pass
            manager.interrupt_kernel()
            assert client.get_shell_msg(timeout=30)["content"]["ename"] == "KeyboardInterrupt"
            manager.restart_kernel(now=True)
            client.wait_for_ready(timeout=60)
            assert ask(client, look) == expected


def test_settings_of_a_base_name_its_kernel_base(conda_settings: CondaSettings, tmp_path: Path) -> None:
    from dataclasses import replace

    root = make_prefix(tmp_path / "conda", python="3.12.1", kernels=["python3"])
    service = KernelService(replace(conda_settings, root_prefix=root), prefixes=lambda: {root: True})
    assert run(service.register(root, "base")) == Kernel("conda-base-py", "base (Python 3.12.1)")
    assert spec_of("conda-base-py")["env"]["CONDA_DEFAULT_ENV"] == "base"
