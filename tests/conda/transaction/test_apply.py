"""Test that a transaction completes the new environment or leaves the old one unchanged."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix import registry, revisions
from tfenv_lab.conda.prefix import state as prefixes
from tfenv_lab.conda.prefix.records import package_names
from tfenv_lab.conda.transaction import recovery, removal, staging
from tfenv_lab.errors import JobFailed, NoSpace, PrefixExists, StalePlan, TfenvError

from ..conftest import Lab, Watched, run
from ..http_channel import HttpChannel


def test_a_new_environment_leaves_nothing_next_to_its_prefix(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    assert {stem.name for stem in package_names(lab.prefix)} == {"app", "lib"}
    assert (lab.prefix / "bin/app").read_text().startswith(f"#!{lab.prefix}/bin/sh")
    assert lab.beside() == ["tf"]


def test_a_new_environment_is_in_condas_list(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    assert registry.registry_path().read_text().splitlines() == [str(lab.prefix)]


def test_requested_specs_are_remembered_in_the_records_and_in_condas_history(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    record = json.loads((lab.prefix / "conda-meta/app-1.0-0.json").read_text())
    assert record["requested_specs"] == ["app 1.0"]
    assert "# update specs: ['app 1.0']" in (lab.prefix / "conda-meta/history").read_text()
    assert prefixes.requested_specs(lab.prefix) == {"app": "app 1.0"}


def test_a_change_upgrades_what_moves_and_forgets_files_of_the_old(lab: Lab) -> None:
    run(lab.change("app 1.0", "tool"))
    run(lab.change("app 2.0", "tool", job="1job"))
    assert (lab.prefix / "share/app.txt").read_text() == "2.0"
    assert not (lab.prefix / "lib/only-1.0.txt").exists()
    assert lab.beside() == ["tf"]
    history = (lab.prefix / "conda-meta/history").read_text()
    assert f"-{lab.channel.url}/linux-64::app-1.0-0" in history
    assert f"+{lab.channel.url}/linux-64::app-2.0-0" in history


def test_a_link_is_noted_as_conda_notes_it(lab: Lab) -> None:
    lab.channel.add("linked", "1.0", files={"bin/tool1.0": "tool"}, links={"bin/tool": "tool1.0"})
    lab.channel.index()
    run(lab.change("linked"))
    assert (lab.prefix / "bin/tool").is_symlink()
    record = json.loads((lab.prefix / "conda-meta/linked-1.0-0.json").read_text())
    link = next(entry for entry in record["paths_data"]["paths"] if entry["path_type"] == "softlink")
    assert "sha256_in_prefix" not in link


def test_a_script_that_conda_would_run_is_not_run_and_said(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    lab.channel.add(
        "scripted",
        "1.0",
        files={"bin/.scripted-post-link.sh": "touch $PREFIX/ran"},
        executable=["bin/.scripted-post-link.sh"],
    )
    lab.channel.index()
    run(lab.change("scripted"))
    assert not (lab.prefix / "ran").exists()
    assert "bin/.scripted-post-link.sh was not run" in capfd.readouterr().err


def test_a_spec_given_up_is_told_to_conda(lab: Lab) -> None:
    run(lab.change("app 1.0", "tool"))
    run(lab.change("app 1.0", job="1job"))
    assert "# remove specs: ['tool']" in (lab.prefix / "conda-meta/history").read_text()
    assert prefixes.requested_specs(lab.prefix) == {"app": "app 1.0"}


def test_every_change_is_a_revision_with_its_lock(lab: Lab) -> None:
    run(lab.change("app 1.0", kind="create"))
    run(lab.change("app 2.0", job="1job", kind="update"))
    found = revisions.read(lab.prefix)
    assert [(r.number, r.kind, r.job) for r in found] == [(0, "create", "0job"), (1, "update", "1job")]
    assert "app-1.0-0.conda" in revisions.lock_of(lab.prefix, 0).read_text()
    assert "app-2.0-0.conda" in revisions.lock_of(lab.prefix, 1).read_text()


def test_an_environment_made_elsewhere_gets_its_state_as_revision_0(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    staging.discard(lab.prefix / revisions.FOLDER)
    run(lab.change("app 2.0", job="1job", kind="update"))
    assert [r.kind for r in revisions.read(lab.prefix)] == ["found", "update"]
    assert "app-1.0-0.conda" in revisions.lock_of(lab.prefix, 0).read_text()


def test_what_conda_does_not_own_stays(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    (lab.prefix / "notebook.ipynb").write_text("mine")
    (lab.prefix / "lib/python3.11/site-packages").mkdir(parents=True)
    (lab.prefix / "lib/python3.11/site-packages/mine.pth").write_text("import sys")
    run(lab.change("app 2.0", job="1job"))
    assert (lab.prefix / "notebook.ipynb").read_text() == "mine"
    assert (lab.prefix / "lib/python3.11/site-packages/mine.pth").exists()


@pytest.mark.parametrize("number", range(5))
def test_a_link_to_a_directory_stays_one_whatever_is_linked_behind_it(lab: Lab, number: int) -> None:
    lab.channel.add("app", "3.0", files={f"share/data/{n}.txt": "conda's" for n in range(50 * number + 1)})
    lab.channel.index()
    run(lab.change("tool"))
    elsewhere = lab.root / "elsewhere"
    elsewhere.mkdir()
    (lab.prefix / "share/data").symlink_to(elsewhere)
    run(lab.change("app 3.0", "tool", job="1job"))
    assert (lab.prefix / "share/data").is_symlink()
    assert (lab.prefix / "share/data/0.txt").read_text() == "conda's"


@pytest.mark.parametrize("number", range(5))
def test_a_package_lays_its_file_over_one_that_pip_installed(lab: Lab, number: int) -> None:
    """Linking and cloning run in parallel, and in either order the package's file must stay."""
    lab.channel.add("app", "3.0", files={f"share/many/{n}.txt": "conda's" for n in range(50 * number + 1)})
    lab.channel.index()
    run(lab.change("tool"))
    for path in ("share/many/0.txt", "share/theirs.txt"):
        (lab.prefix / path).parent.mkdir(exist_ok=True)
        (lab.prefix / path).write_text("pip's")
    run(lab.change("app 3.0", "tool", job="1job"))
    assert (lab.prefix / "share/many/0.txt").read_text() == "conda's"
    assert (lab.prefix / "share/theirs.txt").read_text() == "pip's"


def test_what_is_saved_while_a_change_is_prepared_is_carried_over(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    (lab.prefix / "old.txt").write_text("old")

    class Saving(Watched):
        def phase(self, name: str) -> None:
            if name == "download":
                (lab.prefix / "new.txt").write_text("new")
                (lab.prefix / "old.txt").unlink()

    run(lab.change("app 2.0", job="1job", watcher=Saving()))
    assert (lab.prefix / "new.txt").read_text() == "new"
    assert not (lab.prefix / "old.txt").exists()


def test_a_change_in_a_terminal_meanwhile_makes_the_plan_stale(lab: Lab) -> None:
    run(lab.change("app 1.0"))

    class Meddling(Watched):
        def phase(self, name: str) -> None:
            if name == "download":
                (lab.prefix / "conda-meta/other-1-0.json").write_text("{}")

    with pytest.raises(StalePlan, match="changed since"):
        run(lab.change("app 2.0", job="1job", watcher=Meddling()))
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"
    assert lab.beside() == ["tf"]


def test_a_prefix_that_exists_is_not_overwritten(lab: Lab) -> None:
    lab.prefix.mkdir(parents=True)
    with pytest.raises(PrefixExists):
        run(lab.change("app 1.0", origin="new", fingerprint=None))
    assert list(lab.prefix.iterdir()) == []


def _missing_package(lab: Lab) -> None:
    (lab.channel.root / "linux-64/lib-2.0-0.conda").unlink()


def _wrong_contents(lab: Lab) -> None:
    path = lab.channel.root / "linux-64/lib-2.0-0.conda"
    path.write_bytes(path.read_bytes()[:-30] + b"x" * 30)


@pytest.mark.parametrize("damage", [_missing_package, _wrong_contents])
def test_a_package_that_cannot_be_had_leaves_the_old_environment(lab: Lab, damage: Callable[[Lab], None]) -> None:
    run(lab.change("app 1.0"))
    before = lab.tree()
    damage(lab)
    with pytest.raises(TfenvError):
        run(lab.change("app 2.0", job="1job"))
    assert lab.tree() == before
    assert lab.beside() == ["tf"]


def test_a_download_that_is_not_what_the_index_says_leaves_the_old_environment(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    before = lab.tree()
    served = HttpChannel(lab.channel.root)
    served.up()
    try:
        records = run(lab.solve("app 2.0", url=served.url))
        _wrong_contents(lab)
        with pytest.raises(TfenvError):
            run(lab.change("app 2.0", job="1job", records=records))
        assert any(path.endswith("lib-2.0-0.conda") for path, _ in served.requests)
    finally:
        served.down()
    assert lab.tree() == before
    assert lab.beside() == ["tf"]


def test_an_engine_that_goes_on_for_a_moment_after_it_failed_leaves_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lab.change("app 1.0"))
    writing: list[threading.Thread] = []

    async def failing(_: object, tree: Path, **__: object) -> None:
        def write() -> None:
            for number in range(30):
                with contextlib.suppress(OSError):
                    (tree / f"deep/{number}").mkdir(parents=True)
                    (tree / f"deep/{number}/file").write_text("x")
                time.sleep(0.005)

        writing.append(threading.Thread(target=write))
        writing[0].start()
        raise RuntimeError("a package could not be linked")

    # A stub is needed: rattler does this if one of several packages fails, but not every time.
    monkeypatch.setattr("rattler.install", failing)
    with pytest.raises(JobFailed):
        run(lab.change("app 2.0", job="1job"))
    writing[0].join()
    staging.discard(staging.staging_path(lab.prefix, "1job"))
    assert lab.beside() == ["tf"]


def test_a_full_disk_is_said_and_leaves_the_old_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lab.change("app 1.0"))
    before = lab.tree()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    # A stub is needed: a disk cannot be filled here. The tmpfs test in tests/jobs fills a real one.
    monkeypatch.setattr("tfenv_lab.conda.transaction.apply.revisions.add", full)
    with pytest.raises(NoSpace, match="disk is full"):
        run(lab.change("app 2.0", job="1job"))
    assert lab.tree() == before
    assert lab.beside() == ["tf"]


def test_a_failed_create_leaves_nothing(lab: Lab) -> None:
    records = run(lab.solve("app 2.0"))
    _missing_package(lab)
    with pytest.raises(TfenvError):
        run(lab.change("app 2.0", records=records))
    assert lab.beside() == []


def test_progress_counts_bytes_then_packages_and_never_falls(lab: Lab) -> None:
    watcher = Watched()
    run(lab.change("app 1.0", "tool", watcher=watcher))
    total = sum(path.stat().st_size for path in lab.channel.root.rglob("*-1.0-0.conda"))
    assert watcher.phases == ["download", "link", "swap"]
    assert watcher.seen[-1].done_bytes == watcher.seen[-1].total_bytes == total
    assert watcher.seen[-1].done_packages == watcher.seen[-1].total_packages == 3
    fractions = [progress.fraction for progress in watcher.seen]
    assert fractions == sorted(fractions)


def test_a_warm_cache_downloads_nothing(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    watcher = Watched()
    run(lab.change("app 1.0", job="1job", prefix=lab.prefix.with_name("other"), watcher=watcher))
    assert watcher.seen[-1].total_bytes == 0


def test_what_a_dead_worker_left_is_cleared_and_its_change_did_not_happen(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    shutil.copytree(lab.prefix, staging.staging_path(lab.prefix, "1job"), symlinks=True)
    assert recovery.settle(lab.prefix, "1job") is False
    recovery.clear(lab.prefix, "1job")
    assert lab.beside() == ["tf"]


def test_a_worker_that_died_after_the_swap_had_its_change(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    shutil.copytree(lab.prefix, staging.trash_path(lab.prefix, "0job"), symlinks=True)
    assert recovery.settle(lab.prefix, "0job") is True
    recovery.clear(lab.prefix, "0job")
    assert lab.beside() == ["tf"]


def test_a_users_directory_stays_and_one_of_a_removed_package_does_not(lab: Lab) -> None:
    run(lab.change("app 1.0", "tool"))
    (lab.prefix / "results").mkdir()
    run(lab.change("tool", job="1job"))
    assert (lab.prefix / "results").is_dir()
    assert not (lab.prefix / "bin").exists()


def test_another_python_has_the_noarch_packages_in_its_own_place(lab: Lab) -> None:
    for version in ("3.11.1", "3.12.1"):
        lab.channel.add("python", version, files={f"lib/python{version[:4]}/os.py": ""})
    link = json.dumps({"noarch": {"type": "python"}, "package_metadata_version": 1})
    files, about = {"site-packages/pure.py": "VALUE = 1\n"}, {"link.json": link}
    lab.channel.add("pure", "1.0", noarch="python", depends=["python"], files=files, info_files=about)
    lab.channel.index()
    run(lab.change("python 3.11.*", "pure"))
    run(lab.change("python 3.12.*", "pure", job="1job"))
    assert (lab.prefix / "lib/python3.12/site-packages/pure.py").exists()
    assert not (lab.prefix / "lib/python3.11").exists()


def test_a_rename_that_died_before_the_old_prefix_went_is_finished(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lab.change("app 1.0"))
    new, mark = lab.prefix.with_name("new"), prefixes.fingerprint(lab.prefix)

    class Death(BaseException):
        pass

    def die(*_: object) -> None:
        raise Death

    with monkeypatch.context() as patch, pytest.raises(Death):
        patch.setattr(removal, "remove", die)
        run(lab.change("app 1.0", job="1job", prefix=new, origin="move", source=lab.prefix, fingerprint=mark))
    assert recovery.settle(new, "1job", lab.prefix) is True
    recovery.clear(lab.prefix, "1job")
    assert lab.beside() == ["new"]
    assert [revision.job for revision in revisions.read(new)] == ["0job", "1job"]


@pytest.mark.parametrize("is_collected", [False, True])
def test_an_environment_that_another_tool_made_under_the_old_name_since_stays(lab: Lab, is_collected: bool) -> None:
    run(lab.change("app 1.0"))
    shutil.rmtree(lab.prefix / "conda-meta/tfenv_lab")
    new, mark = lab.prefix.with_name("new"), prefixes.fingerprint(lab.prefix)
    run(lab.change("app 1.0", job="1job", prefix=new, origin="move", source=lab.prefix, fingerprint=mark))
    if is_collected:
        recovery.clear(lab.prefix, "1job")
    # The server died before it had stored the job's end, and meanwhile a user runs conda.
    run(lab.change("tool", job="2job"))
    shutil.rmtree(lab.prefix / "conda-meta/tfenv_lab")
    assert recovery.settle(new, "1job", lab.prefix) is True
    assert lab.prefix.is_dir()


def test_a_rename_whose_old_prefix_cannot_go_does_not_happen(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lab.change("app 1.0"))
    new, mark = lab.prefix.with_name("new"), prefixes.fingerprint(lab.prefix)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Any:
        if self == lab.prefix:
            raise OSError(errno.EACCES, "not permitted")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(TfenvError):
        run(lab.change("app 1.0", job="1job", prefix=new, origin="move", source=lab.prefix, fingerprint=mark))
    assert lab.beside() == ["tf"]
