"""Commands on full and read-only file systems (tiny ones, for root): a sentence and an exit status, no traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ..cli.conftest import Shell, shell
from ..conftest import Mount
from ..tiny_tensorflow import PYTHON

__all__ = ["shell"]

CREATE = ("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
STATE, ENVS = ".local/state/tfenv_lab", ".conda/envs"


def _fill(folder: Path) -> None:
    with (folder / "full").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4096))


def _close(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


@pytest.mark.parametrize("place", [STATE, f"{STATE}/jobs", ".cache/tfenv_lab/repodata", ENVS, ".cache/tfenv_lab/pkgs"])
def test_a_full_file_system_is_said_before_or_by_the_job(
    shell: Shell, clean_home: Path, mount: Mount, place: str
) -> None:
    folder = mount(clean_home / place, "200k")
    _fill(folder)
    found, _, err = shell.run(*CREATE)
    assert "Traceback" not in err
    if found:
        assert found == 8, err
        assert str(folder) in err
        assert "disk space" in err
        assert not (clean_home / ENVS / "tf").exists()
    (folder / "full").unlink()


def test_an_environment_can_be_removed_and_the_disk_cleaned_while_everything_is_full(
    shell: Shell, clean_home: Path, mount: Mount
) -> None:
    home = mount(clean_home, "64m")
    assert shell.json(*CREATE)["state"] == "succeeded"
    _fill(home)
    assert shell.json("remove", "tf", "-y")["state"] == "succeeded"
    assert shell.json("clean", "-y")["state"] == "succeeded"
    assert not (clean_home / ENVS / "tf").exists()


@pytest.mark.parametrize("place", [ENVS, ".cache/tfenv_lab/pkgs", ".cache/tfenv_lab/repodata", STATE])
def test_a_file_system_that_became_read_only_is_named_or_replaced(
    shell: Shell, clean_home: Path, mount: Mount, place: str
) -> None:
    folder = mount(clean_home / place, "100m")
    assert shell.json(*CREATE)["state"] == "succeeded"
    _close(folder)
    status, out, err = shell.run("install", "tf", "pandas", "-y")
    assert "Traceback" not in err
    if place != ENVS:
        assert str(folder) in err, out + err
    assert status == (4 if place == ENVS else 0), err
    assert place != ENVS or "is on a read-only file system" in err
    assert [one["name"] for one in shell.json("list")["environments"]] == ["tf"]
