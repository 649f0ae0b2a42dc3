"""Test that an environment is removed as a whole, also if the worker dies meanwhile."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tfenv_lab.conda.prefix import registry
from tfenv_lab.conda.transaction import recovery, staging
from tfenv_lab.conda.transaction.removal import remove
from tfenv_lab.errors import JobFailed

from ..conftest import Lab, run


def test_removal_takes_the_prefix_and_its_line_in_condas_list(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    remove(lab.prefix, "1job")
    assert not lab.prefix.exists()
    recovery.clear(lab.prefix, "1job")
    assert lab.beside() == []
    assert registry.registry_path().read_text() == ""


def test_a_removal_that_died_while_it_deleted_is_done(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    remove(lab.prefix, "1job")
    (staging.trash_path(lab.prefix, "1job") / "share/app.txt").unlink()
    assert recovery.settle_removal(lab.prefix, "1job") is True
    recovery.clear(lab.prefix, "1job")
    assert lab.beside() == []
    assert recovery.settle_removal(lab.prefix, "1job") is True


def test_a_removal_that_died_before_it_began_is_not_done(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    assert recovery.settle_removal(lab.prefix, "1job") is False
    assert lab.beside() == ["tf"]
    assert registry.registry_path().read_text().split() == [str(lab.prefix)]


def test_a_new_environment_may_take_the_name_while_the_old_one_is_deleted(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    remove(lab.prefix, "1job")
    run(lab.change("app 2.0", job="2job"))
    assert recovery.settle_removal(lab.prefix, "1job") is True
    recovery.clear(lab.prefix, "1job")
    assert (lab.prefix / "share/app.txt").read_text() == "2.0"
    assert registry.registry_path().read_text().split() == [str(lab.prefix)]


def test_a_prefix_that_cannot_be_renamed_is_not_half_removed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lab.change("app 1.0"))
    before = lab.tree()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(JobFailed, match="is not writable"):
        remove(lab.prefix, "1job")
    assert lab.tree() == before
