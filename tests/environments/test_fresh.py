"""Test that the next list shows a change made in a terminal, and that unchanged environments are not read again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.environments.conftest import only, run, settle
from tests.prefixes import add_dist_info, add_kernel, add_record, make_prefix
from tfenv_lab.environments import facts, inventory
from tfenv_lab.environments.models import AvailableUpdate, Environment, EnvironmentFacts
from tfenv_lab.environments.service import EnvironmentService

Make = Callable[..., EnvironmentService]


def replace_record(prefix: Path, old: str, new: str) -> None:
    """Replace the record of a package with that of another build, as conda does in an update."""
    (prefix / "conda-meta" / f"{old}.json").unlink()
    add_record(prefix, new)


class TestFresh:
    CHANGES: tuple[tuple[str, Callable[[Path], object], Callable[[Environment], object], object], ...] = (
        (
            "conda updates a package",
            lambda tf: replace_record(tf, "keras-3.5.0-pyh_0", "keras-3.6.0-pyh_0"),
            lambda found: found.keras and found.keras.version,
            "3.6.0",
        ),
        (
            "pip installs",
            lambda tf: add_dist_info(tf / "lib/python3.11/site-packages", "tensorflow", "2.20.0"),
            lambda found: found.tensorflow and found.tensorflow.source,
            "pypi",
        ),
        (
            "it is frozen",
            lambda tf: (tf / "conda-meta" / "frozen").write_text('{"message": "No."}'),
            lambda found: found.protected,
            True,
        ),
        ("conda-meta is deleted", lambda tf: shutil.rmtree(tf / "conda-meta"), lambda found: found.python, None),
    )

    @pytest.mark.parametrize(
        ("change", "look", "seen"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES]
    )
    def test_a_change_in_a_terminal_shows_with_the_next_list(
        self,
        change: Callable[[Path], object],
        look: Callable[[Environment], object],
        seen: object,
        service: EnvironmentService,
        tf: Path,
    ) -> None:
        assert look(only(service)) != seen
        change(tf)
        assert look(only(service)) == seen

    def test_a_repaired_interpreter_and_an_added_kernel_show(self, service: EnvironmentService, envs: Path) -> None:
        prefix = make_prefix(envs / "x", python="3.11.9")
        (prefix / "bin" / "python").rename(prefix / "bin" / "away")
        settle(prefix)
        assert [advice.code for advice in only(service).advice] == ["no-interpreter"]
        (prefix / "bin" / "away").rename(prefix / "bin" / "python")
        assert [advice.code for advice in only(service).advice] == ["no-kernel"]
        add_kernel(prefix)
        assert only(service).advice == ()

    def test_new_and_removed_environments_show(self, service: EnvironmentService, tf: Path, envs: Path) -> None:
        assert len(run(service.list())) == 1
        make_prefix(envs / "new")
        assert len(run(service.list())) == 2
        shutil.rmtree(tf)
        assert only(service).name == "new"

    def test_an_environment_that_replaces_another_is_read_again(
        self, service: EnvironmentService, tf: Path, envs: Path
    ) -> None:
        assert only(service).python == "3.11.9"
        staged = make_prefix(envs / ".tfenv-new-1-tf", python="3.12.1")
        tf.rename(envs / ".tfenv-old-1-tf")
        staged.rename(tf)
        assert only(service).python == "3.12.1"

    def test_an_unchanged_environment_is_not_read_again(
        self, service: EnvironmentService, tf: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = only(service)

        def fail(*_: object) -> None:
            raise AssertionError("read again")

        monkeypatch.setattr(facts, "read", fail)
        assert only(service) == first

    def test_a_forgotten_environment_is_read_again(self, service: EnvironmentService, tf: Path) -> None:
        assert only(service).keras is not None
        record = tf / "conda-meta" / "keras-3.5.0-pyh_0.json"
        times = (tf / "conda-meta").stat()
        record.unlink()
        os.utime(tf / "conda-meta", ns=(times.st_atime_ns, times.st_mtime_ns))
        assert only(service).keras is not None
        service.invalidate(tf)
        assert only(service).keras is None

    def test_a_change_while_the_files_are_read_is_noticed(
        self, service: EnvironmentService, envs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A clock that ticks once a minute, so that both changes have the same time even on a busy machine.
        monkeypatch.setattr(inventory, "GRAIN", 60_000_000_000)
        prefix = make_prefix(envs / "x", ["keras-3.5.0-pyh_0"])
        assert only(service).keras is not None
        stamp = (prefix / "conda-meta").stat().st_mtime_ns
        (prefix / "conda-meta" / "keras-3.5.0-pyh_0.json").unlink()
        os.utime(prefix / "conda-meta", ns=(stamp, stamp))
        assert only(service).keras is None


class TestFollowers:
    def follow(self, make_service: Make) -> tuple[EnvironmentService, list[Sequence[Path]]]:
        told: list[Sequence[Path]] = []

        async def on_change(prefixes: Sequence[Path]) -> None:
            told.append(prefixes)

        return make_service(on_change=on_change), told

    def test_listeners_get_changed_and_deleted_but_not_new_environments(
        self, make_service: Make, tf: Path, envs: Path
    ) -> None:
        service, told = self.follow(make_service)

        async def live() -> None:
            await service.list()
            await service.stop()
            assert told == []
            add_record(tf, "rich-13.0-pyh_0")
            make_prefix(envs / "new")
            await service.list()
            await service.stop()
            assert told == [[tf]]
            await service.list()
            shutil.rmtree(tf)
            await service.list()
            await service.stop()
            assert told == [[tf], [tf]]

        asyncio.run(live())

    def test_a_listener_that_fails_does_not_fail_the_list(
        self, make_service: Make, tf: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail(prefixes: Sequence[Path]) -> None:
            raise OSError("no space")

        service = make_service(on_change=fail)

        async def live() -> None:
            await service.list()
            add_record(tf, "rich-13.0-pyh_0")
            assert len(await service.list()) == 1
            await service.stop()

        asyncio.run(live())
        assert "no space" in caplog.text


def test_updates_are_computed_again_when_more_is_known(make_service: Make, tf: Path) -> None:
    settle(tf)
    known: list[str] = ["2.20.0"]
    asked: list[str] = []

    def updates(_: EnvironmentFacts) -> AvailableUpdate:
        asked.append(known[-1])
        return AvailableUpdate(tensorflow=known[-1])

    service = make_service(updates=updates, knowledge=lambda: known[-1])
    assert only(service) is only(service)
    known.append("2.21.0")
    assert only(service).update.tensorflow == "2.21.0"
    assert asked == ["2.20.0", "2.21.0"]


def test_the_encoded_list_equals_the_list(make_service: Make, tf: Path) -> None:
    service = make_service()
    assert json.loads(run(service.listing())) == {"environments": [only(service).to_json()]}
