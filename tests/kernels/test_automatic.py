"""Test that every environment with a kernel is registered by itself, unless a user or the configuration objects."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tests.conftest import Api
from tests.kernels.conftest import ask, run, started
from tests.kernels.on_disk import hand_made, kernels, registered, spec_of
from tests.prefixes import add_kernel, add_record, make_prefix
from tests.privileges import OTHER, give_away
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.environments.discovery import id_of
from tfenv_lab.errors import InvalidRequest
from tfenv_lab.kernels.service import KernelService

Make = Callable[..., KernelService]


def add_script(prefix: Path, text: str) -> Path:
    script = prefix / "etc" / "conda" / "activate.d" / "mine.sh"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text + "\n")
    return script


def of_environments() -> list[str]:
    return [name for name in registered() if name.startswith("conda-")]


class TestAServer:
    @pytest.fixture
    def envs(self, clean_home: Path) -> Path:
        return clean_home / ".conda" / "envs"

    @pytest.fixture
    def listed(self, jp_fetch: Any) -> Callable[[], Any]:
        """Return the kernels that JupyterLab's launcher shows of environments."""

        async def fetch() -> list[str]:
            found = json.loads((await jp_fetch("api", "kernelspecs")).body)["kernelspecs"]
            return sorted(name for name in found if name.startswith("conda-"))

        return fetch

    async def test_kernels_are_there_when_jupyter_lists_them(self, api: Api, envs: Path, listed: Any) -> None:
        assert await listed() == []
        make_prefix(envs / "made-by-conda", python="3.11.9", kernels=["python3"])
        assert await listed() == ["conda-env-made-by-conda-py"]
        shutil.rmtree(envs / "made-by-conda")
        assert await listed() == []

    async def test_environments_are_registered_when_they_are_listed(self, api: Api, envs: Path) -> None:
        prefix = make_prefix(envs / "late", python="3.11.9")
        assert (await api.environment("late"))["kernel"] is None
        add_kernel(prefix, "ir", {"argv": ["R"], "display_name": "R", "language": "R"})
        assert (await api.environment("late"))["kernel"]["name"] == "conda-env-late-r"
        add_kernel(prefix, "python3")
        assert (await api.environment("late"))["kernel"]["name"] == "conda-env-late-py"

    async def test_environments_are_registered_when_the_server_starts(self, api: Api, envs: Path) -> None:
        make_prefix(envs / "before", python="3.11.9", kernels=["python3"])
        await api.services.start()
        assert of_environments() == ["conda-env-before-py"]

    async def test_a_hidden_environment_stays_hidden_until_it_is_registered(
        self, api: Api, envs: Path, listed: Any
    ) -> None:
        prefix = make_prefix(envs / "tf", python="3.11.9", kernels=["python3"])
        path = f"environments/{id_of(prefix)}/kernelspec"
        status, body = await api.call("DELETE", path)
        assert (status, body["kernel"], body["hidden"]) == (200, None, True)
        add_record(prefix, "new-1.0-0")
        await api.services.start()
        assert await listed() == []
        assert (await api.environment("tf"))["hidden"]
        status, body = await api.call("PUT", path, {})
        assert (status, body["kernel"]["name"], body["hidden"]) == (200, "conda-env-tf-py", False)
        assert await listed() == ["conda-env-tf-py"]

    async def test_the_job_of_a_hidden_environment_does_not_show_it(self, api: Api, made: Any) -> None:
        await api.call("DELETE", f"environments/{made['id']}/kernelspec")
        job = await api.apply(kind="update", environment=made["id"], packages=["numpy"])
        assert (job["state"], job["warnings"]) == ("succeeded", [])
        assert (await api.environment("tf"))["hidden"]
        job = await api.apply(kind="rename", environment=made["id"], name="other")
        assert (job["state"], job["warnings"]) == ("succeeded", [])
        renamed = await api.environment("other")
        assert (renamed["kernel"], renamed["hidden"], of_environments()) == (None, True, [])
        job = await api.apply(kind="clone", environment=renamed["id"], name="copy")
        assert (await api.environment("copy"))["kernel"]["name"] == "conda-env-copy-py"

    async def test_kernels_that_cannot_be_written_are_one_warning(
        self, api: Api, envs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file"))
        for name in ("a", "b"):
            make_prefix(envs / name, python="3.11.9", kernels=["python3"])
        assert [advice["severity"] for advice in (await api.environment("a"))["advice"]] == ["info"]
        _, status = await api.call("GET", "status")
        assert [w["message"] for w in status["warnings"] if "Kernels cannot be registered" in w["message"]] != []

    class TestWithAFilter:
        @pytest.fixture
        def settings(self) -> dict[str, Any]:
            return {"kernel_filter": "/secret-"}

        async def test_excluded_environments_have_no_kernel(self, api: Api, clean_home: Path) -> None:
            folder = clean_home / ".conda" / "envs"
            make_prefix(folder / "tf", python="3.11.9", kernels=["python3"])
            excluded = make_prefix(folder / "secret-tf", python="3.11.9", kernels=["python3"])
            await api.services.start()
            assert (await api.environment("tf"))["kernel"] is not None
            found = await api.environment("secret-tf")
            assert (found["kernel"], [advice["code"] for advice in found["advice"]]) == (None, ["kernel-excluded"])
            assert of_environments() == ["conda-env-tf-py"]
            status, error = await api.call("PUT", f"environments/{id_of(excluded)}/kernelspec", {})
            assert (status, "kernel_filter" in error["message"]) == (400, True)


class TestReconcile:
    def test_every_environment_with_a_kernel_is_registered(self, service: KernelService, envs: Path) -> None:
        for name in ("a", "b"):
            make_prefix(envs / name, python="3.11.9", kernels=["python3"])
        make_prefix(envs / "bare", python="3.11.9")
        run(service.reconcile())
        assert registered() == ["conda-env-a-py", "conda-env-b-py"]

    def test_the_base_environment_is_called_base(self, conda_settings: CondaSettings, tmp_path: Path) -> None:
        root = make_prefix(tmp_path / "miniforge3", python="3.12.1", kernels=["python3"])
        settings = replace(conda_settings, root_prefix=root)
        run(KernelService(settings, prefixes=lambda: {root: True}).reconcile())
        assert spec_of("conda-base-py")["display_name"] == "base (Python 3.12.1)"

    def test_an_environment_that_is_a_kernel_already_gets_no_second_one(
        self, service: KernelService, tf219: Path
    ) -> None:
        hand_made("mine", argv=[str(tf219 / "bin" / "python"), "-m", "ipykernel_launcher"])
        run(service.reconcile())
        assert registered() == ["mine"]

    def test_a_kernelspec_that_was_added_later_is_registered_too(self, service: KernelService, tf219: Path) -> None:
        run(service.reconcile())
        add_kernel(tf219, "ir", {"argv": ["R"], "display_name": "R", "language": "R"})
        run(service.reconcile([tf219]))
        assert registered() == ["conda-env-tf219-py", "conda-env-tf219-r"]

    def test_one_of_two_kernelspecs_that_was_deleted_is_written_again(
        self, service: KernelService, tf219: Path
    ) -> None:
        add_kernel(tf219, "ir", {"argv": ["R"], "display_name": "R", "language": "R"})
        run(service.reconcile())
        shutil.rmtree(kernels() / "conda-env-tf219-r")
        run(service.reconcile())
        assert registered() == ["conda-env-tf219-py", "conda-env-tf219-r"]

    def test_what_cannot_be_registered_stops_nothing_and_is_tried_again_after_a_change(
        self, service: KernelService, tf219: Path, envs: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        hand_made("conda-env-a-py")
        taken = make_prefix(envs / "a", python="3.11.9", kernels=["python3"])
        run(service.reconcile())
        assert registered() == ["conda-env-a-py", "conda-env-tf219-py"]
        assert "conda-env-a-py" in caplog.text
        assert service.unregistered([taken]) == []
        add_record(taken, "new-1.0-0")
        assert service.unregistered([taken]) == [taken]

    def test_the_filter_also_removes_kernels_of_earlier_servers(self, make_service: Make, tf219: Path) -> None:
        run(make_service().reconcile())
        run(make_service(kernel_filter=r"tf2\d+$").reconcile())
        assert registered() == []

    def test_the_choice_to_hide_survives_a_restart(self, make_service: Make, tf219: Path, tmp_path: Path) -> None:
        run(make_service(hidden=tmp_path / "hidden").hide(tf219))
        run(make_service(hidden=tmp_path / "hidden").reconcile())
        assert registered() == []
        run(make_service(hidden=tmp_path / "hidden").register(tf219))
        run(make_service(hidden=tmp_path / "hidden").reconcile())
        assert registered() == ["conda-env-tf219-py"]

    def test_a_new_environment_at_the_path_of_a_hidden_one_is_shown(
        self, service: KernelService, tf219: Path, envs: Path
    ) -> None:
        run(service.hide(tf219))
        shutil.rmtree(tf219)
        run(service.unregister(tf219))
        make_prefix(envs / "tf219", python="3.11.9", kernels=["python3"])
        run(service.reconcile())
        assert registered() == ["conda-env-tf219-py"]

    def test_an_excluded_environment_cannot_be_registered(self, make_service: Make, tf219: Path) -> None:
        with pytest.raises(InvalidRequest, match="kernel_filter"):
            run(make_service(kernel_filter="tf219").register(tf219))

    def test_no_script_runs_again_if_nothing_changed(self, make_service: Make, tf219: Path, tmp_path: Path) -> None:
        add_script(tf219, f"echo x >> {tmp_path}/runs")
        run(make_service().reconcile())
        runs = (tmp_path / "runs").read_text()
        run(make_service().reconcile())
        assert (tmp_path / "runs").read_text() == runs


@pytest.mark.skipif(shutil.which("bash") is None, reason="activation scripts are run by bash")
class TestScriptsOfAnotherUser:
    """An environment outside the configured envs_dirs, whose files another user owns."""

    @pytest.fixture
    def foreign(self, tmp_path: Path) -> Path:
        prefix = make_prefix(tmp_path / "theirs" / "tf", python="3.11.9", kernels=["python3"])
        add_script(prefix, f"touch {tmp_path}/ran; export MINE=yes; set -- other arguments")
        return prefix

    @pytest.fixture
    def service(self, make_service: Make, tmp_path: Path) -> KernelService:
        return make_service(folders=[tmp_path / "theirs"])

    def shown(self, prefix: Path, tmp_path: Path) -> str:
        with started("conda-env-tf-py") as (_, client):
            return ask(client, "import os; print(os.environ.get('MINE'), os.environ['CONDA_PREFIX'])")

    @pytest.mark.parametrize("part", [".", "etc/conda/activate.d", "etc/conda/activate.d/mine.sh"])
    def test_they_run_when_the_kernel_starts(
        self, service: KernelService, foreign: Path, tmp_path: Path, part: str
    ) -> None:
        give_away(foreign / part)
        run(service.reconcile())
        run(service.register(foreign))
        assert not (tmp_path / "ran").exists()
        assert "MINE" not in spec_of("conda-env-tf-py")["env"]
        # In any Jupyter, also without this package.
        assert self.shown(foreign, tmp_path) == f"yes {foreign}"
        assert (tmp_path / "ran").exists()

    def test_those_of_root_and_of_the_user_run_at_once(
        self, service: KernelService, foreign: Path, tmp_path: Path
    ) -> None:
        run(service.reconcile())
        assert (tmp_path / "ran").exists()
        assert spec_of("conda-env-tf-py")["env"]["MINE"] == "yes"
        assert spec_of("conda-env-tf-py")["argv"][0] == str(foreign / "bin" / "python")

    def test_those_in_a_configured_envs_dir_run_at_once(
        self, make_service: Make, envs: Path, tmp_path: Path, conda_settings: CondaSettings
    ) -> None:
        prefix = make_prefix(envs / "tf", python="3.11.9", kernels=["python3"])
        add_script(prefix, f"touch {tmp_path}/ran")
        give_away(prefix)
        run(make_service().reconcile())
        assert (tmp_path / "ran").exists()

    def test_our_own_server_starts_the_kernel_without_a_shell(
        self, service: KernelService, foreign: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.chown(give_away(foreign), OTHER, OTHER)
        run(service.reconcile())
        spec = KernelSpecManager().get_kernel_spec("conda-env-tf-py")
        from tfenv_lab.kernels.at_start import unwrapped

        assert unwrapped(spec.argv)[:3] == [str(foreign / "bin" / "python"), "-m", "ipykernel_launcher"]
