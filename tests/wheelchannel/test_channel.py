from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from tfenv_lab.errors import InvalidRequest
from tfenv_lab.wheelchannel.channel import (
    MANIFEST,
    building,
    discard_unfinished,
    folder,
    is_built,
    locked,
    place,
    publish,
    refuse_foreign,
)
from tfenv_lab.wheelchannel.request import BuildProgress, BuildRequest

RECIPE: dict[str, object] = {"pythons": [["3.11.7", "/usr/bin/python3.11"]], "subdir": "linux-64"}
OTHER: dict[str, object] = {"pythons": [["3.11.8", "/usr/bin/python3.11"]], "subdir": "linux-64"}


def put(directory: Path, recipe: dict[str, object]) -> None:
    with building(directory) as work:
        for subdir in ("noarch", "linux-64"):
            (work / "channel" / subdir).mkdir(parents=True)
            (work / "channel" / subdir / "repodata.json").write_text("{}")
        publish(work / "channel", directory, recipe, {"left_out": []})


def test_a_channel_belongs_to_its_recipe(tmp_path: Path) -> None:
    put(tmp_path / "c", RECIPE)
    assert is_built(tmp_path / "c", RECIPE)
    assert not is_built(tmp_path / "c", OTHER)
    assert json.loads((tmp_path / "c" / MANIFEST).read_text())["pythons"] == [["3.11.7", "/usr/bin/python3.11"]]


def test_publishing_replaces_the_whole_channel(tmp_path: Path) -> None:
    put(tmp_path / "c", RECIPE)
    (tmp_path / "c" / "noarch" / "old.conda").write_text("x")
    put(tmp_path / "c", OTHER)
    assert is_built(tmp_path / "c", OTHER)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "home"]
    assert not (tmp_path / "c" / "noarch" / "old.conda").exists()


@pytest.mark.parametrize("damage", ["noarch/repodata.json", MANIFEST])
def test_a_damaged_channel_is_built_again(tmp_path: Path, damage: str) -> None:
    put(tmp_path / "c", RECIPE)
    (tmp_path / "c" / damage).unlink()
    assert not is_built(tmp_path / "c", RECIPE)


def test_an_invalid_manifest_counts_as_none(tmp_path: Path) -> None:
    put(tmp_path / "c", RECIPE)
    (tmp_path / "c" / MANIFEST).write_text("{")
    assert not is_built(tmp_path / "c", RECIPE)


def test_each_recipe_has_its_own_place_in_the_cache() -> None:
    places = {place(BuildRequest(), recipe) for recipe in (RECIPE, OTHER)}
    assert len(places) == 2
    assert {path.parent for path in places} == {folder()}


def test_a_given_directory_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(BuildRequest(directory=Path("here")), RECIPE) == tmp_path / "here"


def test_new_and_empty_directories_and_own_channels_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    put(tmp_path / "c", RECIPE)
    for name in ("new", "empty", "c"):
        refuse_foreign(tmp_path / name)


def test_files_and_full_directories_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for directory in (tmp_path, tmp_path / "file"):
        with pytest.raises(InvalidRequest, match="is not a channel of this tool") as refused:
            refuse_foreign(directory)
        assert refused.value.hint == "Name a new or an empty directory."


def test_a_build_that_waits_for_another_says_so(tmp_path: Path) -> None:
    steps: list[BuildProgress] = []
    waiting, entered = threading.Event(), threading.Event()

    def report(progress: BuildProgress) -> None:
        steps.append(progress)
        waiting.set()

    def second() -> None:
        with locked(tmp_path / "lock", report):
            entered.set()

    with locked(tmp_path / "lock", report):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        assert not entered.is_set()
    thread.join(10)
    assert entered.is_set()
    assert [step.phase for step in steps] == ["wait"]


def test_leftovers_of_killed_builds_are_deleted_but_not_those_of_a_running_build(clean_home: Path) -> None:
    left, at_work = (folder() / f"{name}.building" for name in ("tensorflow-2.19-a", "python-b"))
    for path in (left, at_work):
        (path / "channel").mkdir(parents=True)
    with FileLock(at_work.with_name("python-b.lock")):
        discard_unfinished()
    assert (left.exists(), at_work.exists()) == (False, True)
