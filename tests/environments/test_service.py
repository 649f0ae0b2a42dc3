"""Test the list of environments: it is correct and current, and no environment can delay it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.environments.conftest import only, run, settle
from tests.prefixes import add_record, make_prefix
from tfenv_lab.disk import reads
from tfenv_lab.environments import discovery, facts
from tfenv_lab.environments.models import AvailableUpdate, Kernel, LastCheck
from tfenv_lab.environments.service import EnvironmentService
from tfenv_lab.errors import NotFound
from tfenv_lab.models import Advice
from tfenv_lab.plan_requests import Install

Make = Callable[..., EnvironmentService]


class TestModel:
    def test_an_environment_has_every_field(self, make_service: Make, tf: Path) -> None:
        service = make_service(
            updates=lambda found: AvailableUpdate(tensorflow="2.20.0"),
            busy_of=lambda prefix: "job-1" if prefix == tf else None,
            kernels_of=lambda: {
                os.path.realpath(tf): Kernel("conda-env-tf-py", "tf (TensorFlow 2.19.1)", ("legacy_keras",))
            },
            checks_of=lambda seen, kernels: {seen[0].facts.id: LastCheck(True, "2026-03-01T10:00:00.000+00:00", False)},
            advice=[lambda found: [Advice("note", "info", f"Python {found.python}")]],
        )
        modified = only(service).modified
        assert only(service).to_json() == {
            "id": discovery.id_of(tf),
            "name": "tf",
            "prefix": str(tf),
            "python": "3.11.9",
            "tensorflow": {"version": "2.19.1", "build": "cpu_py311h1_0", "variant": "cpu", "source": "conda"},
            "keras": {"version": "3.5.0", "source": "conda"},
            "legacy_keras": {"available": True, "version": None, "enabled": True},
            "kernel": {"name": "conda-env-tf-py", "display_name": "tf (TensorFlow 2.19.1)"},
            "hidden": False,
            "outdated_kernels": [],
            "former_kernels": [],
            "shared": None,
            "over": None,
            "writable": True,
            "protected": False,
            "protected_reason": None,
            "modified": modified,
            "digest": None,
            "update": {"tensorflow": "2.20.0", "keras": None},
            "check": {"ok": True, "finished": "2026-03-01T10:00:00.000+00:00", "outdated": False},
            "busy": "job-1",
            "advice": [
                {
                    "code": "note",
                    "severity": "info",
                    "message": "Python 3.11.9",
                    "plan_request": None,
                    "items": [],
                    "sentences": {},
                }
            ],
            "sentences": {},
        }

    def test_the_warning_about_a_missing_kernel_has_a_plan_request(
        self, service: EnvironmentService, envs: Path
    ) -> None:
        make_prefix(envs / "bare", python="3.11.9")
        found = only(service)
        (advice,) = found.advice
        assert (advice.code, advice.severity) == ("no-kernel", "info")
        assert advice.plan_request == Install(found.id, ("ipykernel",))

    def test_a_protected_environment_without_a_kernel_has_no_plan_request(self, make_service: Make, envs: Path) -> None:
        make_prefix(envs / "bare", python="3.11.9")
        (advice,) = only(make_service(protected=["bare"])).advice
        assert (advice.code, advice.plan_request) == ("no-kernel", None)

    @pytest.mark.parametrize("kernel", ["own", "hand-made"])
    def test_there_is_no_warning_with_a_kernel_of_any_kind(self, kernel: str, make_service: Make, envs: Path) -> None:
        prefix = make_prefix(envs / "x", python="3.11.9", kernels=["python3"] if kernel == "own" else [])
        known = {os.path.realpath(prefix): Kernel("mine", "Mine")} if kernel == "hand-made" else {}
        assert only(make_service(kernels_of=lambda: known)).advice == ()

    def test_environments_are_in_order(self, service: EnvironmentService, envs: Path) -> None:
        for name in ("b", "base2", "A", "a"):
            make_prefix(envs / name)
        assert [found.name for found in run(service.list())] == ["A", "a", "b", "base2"]


class TestOne:
    def test_an_environment_is_found_by_id_and_by_any_path(
        self, service: EnvironmentService, tf: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "link").symlink_to(tf)
        found = run(service.get(discovery.id_of(tf)))
        assert found == run(service.by_prefix(tmp_path / "link")) == run(service.by_prefix(tf))

    def test_an_unknown_id_is_not_found(self, service: EnvironmentService, tmp_path: Path) -> None:
        with pytest.raises(NotFound):
            run(service.get("nothing"))
        assert run(service.by_prefix(tmp_path)) is None

    def test_a_closer_look_finds_damage_and_the_list_remembers_it(self, service: EnvironmentService, tf: Path) -> None:
        (tf / "conda-meta" / "zlib-1.3-0.json").write_text("{")
        settle(tf)
        assert [advice.code for advice in only(service).advice] == []
        found = run(service.get(discovery.id_of(tf)))
        assert [(advice.code, advice.severity) for advice in found.advice] == [("damaged-record", "error")]
        assert found.tensorflow is not None
        assert only(service).advice == found.advice
        add_record(tf, "zlib-1.3-0")
        assert run(service.get(found.id)).advice == () == only(service).advice


class TestOneThatHangs:
    def test_an_environment_that_hangs_does_not_delay_the_others(
        self, service: EnvironmentService, tf: Path, envs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stuck = make_prefix(envs / "stuck", python="3.11.9")
        release = threading.Event()
        read = facts.read

        def hang(prefix: str, real: str) -> object:
            if prefix == str(stuck):
                release.wait()
            return read(prefix, real)

        # Imitates a drive that does not answer, at the function that reads its files.
        monkeypatch.setattr(facts, "read", hang)
        monkeypatch.setattr(reads, "LIMIT", 0.3)
        begun = time.monotonic()
        try:
            found = {environment.name: environment for environment in run(service.list())}
            assert time.monotonic() - begun < 20
            assert [advice.code for advice in found["stuck"].advice] == ["unreachable"]
            assert found["stuck"].protected
            assert found["tf"].python == "3.11.9"
        finally:
            release.set()

    def test_an_environment_that_cannot_be_read_is_unreachable(
        self,
        service: EnvironmentService,
        tf: Path,
        envs: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        make_prefix(envs / "odd")
        read = facts.read

        def fail(prefix: str, real: str) -> object:
            if prefix.endswith("odd"):
                raise OSError(5, "Input/output error")
            return read(prefix, real)

        monkeypatch.setattr(facts, "read", fail)
        found = {environment.name: environment for environment in run(service.list())}
        assert [advice.code for advice in found["odd"].advice] == ["unreachable"]
        assert found["tf"].python == "3.11.9"
        assert "Input/output error" in caplog.text


class TestKnownPrefixes:
    def test_conda_knows_the_prefixes_in_its_list(self, service: EnvironmentService, tf: Path, envs: Path) -> None:
        (envs / "rest" / "bin").mkdir(parents=True)
        make_prefix(envs / "no-history", history=None)
        assert service.known_prefixes() == {tf: True}
        assert run(service.prefixes()) == [envs / "no-history", tf]
