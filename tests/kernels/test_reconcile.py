"""Test that our kernelspecs follow their environments, and that others are never changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.kernels.conftest import run
from tests.kernels.on_disk import hand_made, kernels, registered, spec_of
from tests.prefixes import add_record, make_prefix
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.kernels.service import KernelService


class TestReconcile:
    def test_the_kernel_of_a_deleted_environment_is_removed(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        shutil.rmtree(tf219)
        run(service.reconcile())
        assert registered() == []

    def test_the_kernel_on_an_unavailable_drive_stays(
        self, service: KernelService, tf219: Path, tmp_path: Path
    ) -> None:
        run(service.register(tf219))
        (tmp_path / "u").rename(tmp_path / "unplugged")
        run(service.reconcile())
        assert registered() == ["conda-env-tf219-py"]

    def test_the_kernel_of_an_environment_without_kernelspec_is_removed(
        self, service: KernelService, tf219: Path
    ) -> None:
        run(service.register(tf219))
        shutil.rmtree(tf219 / "share" / "jupyter" / "kernels")
        run(service.reconcile())
        assert registered() == []

    def test_the_environments_are_listed_once_to_register_one(
        self, conda_settings: CondaSettings, envs: Path, tf219: Path
    ) -> None:
        listed: list[int] = []

        def prefixes() -> dict[Path, bool]:
            listed.append(1)
            return {tf219: True}

        run(KernelService(conda_settings, prefixes=prefixes, envs_dir=envs).register(tf219))
        assert registered() == ["conda-env-tf219-py"]
        assert listed == [1]

    def test_the_kernelspec_of_a_changed_environment_is_rewritten(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219, env={"MINE": "1"}))
        (tf219 / "conda-meta" / "tensorflow-2.19.1-cpu_py311h1_0.json").unlink()
        add_record(tf219, "tensorflow-2.20.0-cpu_py311h1_0")
        (tf219 / "conda-meta" / "state").write_text('{"env_vars": {"NEW": "yes"}}')
        run(service.reconcile([tf219]))
        spec = spec_of("conda-env-tf219-py")
        assert spec["display_name"] == "tf219 (TensorFlow 2.20.0)"
        assert (spec["env"]["NEW"], spec["env"]["MINE"]) == ("yes", "1")

    def test_a_change_of_an_activation_script_counts(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        scripts = tf219 / "etc" / "conda" / "activate.d"
        scripts.mkdir(parents=True)
        for value in ("one", "three"):
            (scripts / "mine.sh").write_text(f"export MINE={value}\n")
            run(service.reconcile())
            assert spec_of("conda-env-tf219-py")["env"]["MINE"] == value

    def test_the_kernelspec_of_an_unchanged_environment_is_not_written(
        self, service: KernelService, tf219: Path
    ) -> None:
        run(service.register(tf219))
        before = (kernels() / "conda-env-tf219-py" / "kernel.json").stat()
        run(service.reconcile())
        after = (kernels() / "conda-env-tf219-py" / "kernel.json").stat()
        assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)

    def test_another_format_of_names_is_applied(self, make_service: Any, tf219: Path) -> None:
        run(make_service().register(tf219))
        run(make_service(display_name="TF {tensorflow}").reconcile())
        assert spec_of("conda-env-tf219-py")["display_name"] == "TF 2.19.1"

    def test_hand_made_and_damaged_ones_are_never_touched(self, service: KernelService, tf219: Path) -> None:
        run(service.register(tf219))
        hand_made("conda-env-gone-py", metadata={"conda_env_path": "/no/such/environment"})
        hand_made("marked", metadata={"tfenv_lab": "something else"})
        (kernels() / "damaged").mkdir()
        (kernels() / "damaged" / "kernel.json").write_text("{")
        run(service.reconcile())
        assert registered() == ["conda-env-gone-py", "conda-env-tf219-py", "damaged", "marked"]

    def test_only_the_given_prefixes_are_reconciled(self, service: KernelService, tf219: Path, envs: Path) -> None:
        run(service.register(tf219))
        shutil.rmtree(tf219)
        run(service.reconcile([envs / "other"]))
        assert registered() == ["conda-env-tf219-py"]

    def test_a_kernelspec_that_cannot_be_written_does_not_stop_the_others(
        self, service: KernelService, tf219: Path, envs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for prefix in (tf219, make_prefix(envs / "b", python="3.11.9", kernels=["python3"])):
            run(service.register(prefix))

        def full(*_: object) -> None:
            raise OSError("No space left on device")

        # Imitates a full disk, at the function that writes.
        monkeypatch.setattr("tfenv_lab.kernels.kernelspecs.write", full)
        add_record(tf219, "new-1-0")
        shutil.rmtree(envs / "b")
        run(service.reconcile())
        assert registered() == ["conda-env-tf219-py"]
