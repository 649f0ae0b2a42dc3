"""Test that a kernelspec that a user removed stays away, and that one that was lost comes back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tests.conftest import Api
from tests.kernels.conftest import run
from tests.kernels.on_disk import kernels, registered
from tests.prefixes import add_kernel, add_record, make_prefix
from tfenv_lab.kernels.service import KernelService

NAME = "conda-env-tf219-py"


@pytest.fixture
def make(make_service: Callable[..., KernelService], tmp_path: Path) -> Callable[[], KernelService]:
    """Return a function that makes a server's service; each has the same state directory."""

    def made() -> KernelService:
        return make_service(hidden=tmp_path / "hidden", written=tmp_path / "written")

    return made


@pytest.fixture
def service(make: Callable[[], KernelService], tf219: Path) -> KernelService:
    """A service that has registered the environment."""
    found = make()
    run(found.reconcile())
    assert registered() == [NAME]
    return found


def remove() -> None:
    """Remove a kernelspec as ``jupyter kernelspec remove`` does."""
    KernelSpecManager().remove_kernel_spec(NAME)


class TestRemovedByTheUser:
    def test_it_stays_away_until_the_user_shows_it_again(self, service: KernelService, tf219: Path) -> None:
        remove()
        run(service.reconcile())
        assert (registered(), run(service.is_hidden(tf219))) == ([], True)
        run(service.reconcile())
        assert registered() == []
        run(service.register(tf219))
        assert (registered(), run(service.is_hidden(tf219))) == ([NAME], False)
        run(service.reconcile())
        assert registered() == [NAME]

    def test_it_may_be_removed_a_second_time(self, service: KernelService, tf219: Path) -> None:
        remove()
        run(service.reconcile())
        run(service.register(tf219))
        remove()
        run(service.reconcile())
        assert registered() == []

    def test_while_no_server_runs(self, service: KernelService, make: Any, tf219: Path) -> None:
        remove()
        later = make()
        run(later.reconcile())
        assert (registered(), run(later.is_hidden(tf219))) == ([], True)

    def test_all_kernels_of_an_environment(self, make: Any, tf219: Path) -> None:
        add_kernel(tf219, "ir")
        service = make()
        run(service.reconcile())
        assert len(registered()) == 2
        for name in registered():
            shutil.rmtree(kernels() / name)
        run(service.reconcile())
        assert (registered(), run(service.is_hidden(tf219))) == ([], True)

    def test_the_kernelspec_of_an_earlier_version(
        self, make_service: Any, make: Any, tf219: Path, tmp_path: Path
    ) -> None:
        run(make_service(hidden=tmp_path / "hidden").reconcile())
        service = make()
        run(service.reconcile())
        remove()
        run(service.reconcile())
        assert registered() == []

    def test_others_stay(self, service: KernelService, envs: Path) -> None:
        make_prefix(envs / "other", python="3.11.9", kernels=["python3"])
        run(service.reconcile())
        remove()
        run(service.reconcile())
        assert registered() == ["conda-env-other-py"]


class TestLost:
    def test_a_lost_file(self, service: KernelService) -> None:
        (kernels() / NAME / "kernel.json").unlink()
        run(service.reconcile())
        assert (kernels() / NAME / "kernel.json").is_file()

    def test_one_of_two_kernels(self, make: Any, tf219: Path) -> None:
        add_kernel(tf219, "ir")
        service = make()
        run(service.reconcile())
        remove()
        run(service.reconcile())
        assert NAME in registered()

    def test_the_whole_directory(self, service: KernelService) -> None:
        shutil.rmtree(kernels())
        run(service.reconcile())
        assert registered() == [NAME]

    def test_another_directory(self, service: KernelService) -> None:
        kernels().rename(kernels().with_name("before"))
        kernels().mkdir()
        run(service.reconcile())
        assert registered() == [NAME]

    def test_a_directory_from_before_the_kernel_was_registered(self, service: KernelService) -> None:
        remove()
        os.utime(kernels(), (1, 1))
        run(service.reconcile())
        assert registered() == [NAME]

    def test_the_environment_changed_since(self, service: KernelService, tf219: Path) -> None:
        remove()
        add_record(tf219, "pandas-2.2.0-py311_0")
        run(service.reconcile())
        assert registered() == [NAME]

    def test_a_record_that_cannot_be_read(self, service: KernelService, tmp_path: Path) -> None:
        (record,) = (tmp_path / "written").iterdir()
        record.write_text("[]")
        remove()
        run(service.reconcile())
        assert registered() == [NAME]

    def test_the_kernel_came_back_with_ipykernel(self, service: KernelService, tf219: Path) -> None:
        own = tf219 / "share" / "jupyter" / "kernels"
        own.rename(own.with_name("away"))
        run(service.reconcile())
        assert registered() == []
        own.with_name("away").rename(own)
        run(service.reconcile())
        assert registered() == [NAME]


async def test_the_list_says_that_it_is_hidden(api: Api, clean_home: Path) -> None:
    make_prefix(clean_home / ".conda" / "envs" / "tf219", python="3.11.9", kernels=["python3"])
    assert (await api.environment("tf219"))["kernel"]["name"] == NAME
    remove()
    await api.environment("tf219")
    found = await api.environment("tf219")
    assert (found["hidden"], found["kernel"], NAME in registered()) == (True, None, False)
