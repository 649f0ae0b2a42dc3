"""``jupyter tfenv remove`` and ``undelete``."""

from __future__ import annotations

from pathlib import Path

from .conftest import Shell


def test_a_deleted_environment_is_restored(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--no-tensorflow", "numpy")
    status, out, _ = shell.run("remove", "tf", "--dry-run")
    assert (status, "in 10 minutes; until then, “jupyter tfenv undelete” restores it" in out) == (0, True)
    shell.json("remove", "tf", "-y")
    assert shell.json("list")["environments"] == []
    [job] = shell.json("undelete")["jobs"]
    assert (job["name"], job["kind"]) == ("tf", "delete")
    _, out, _ = shell.run("undelete")
    assert str(clean_home / ".conda/envs/tf") in out
    assert shell.json("undelete", "tf")["state"] == "succeeded"
    assert [one["name"] for one in shell.json("list")["environments"]] == ["tf"]
    status, _, err = shell.run("undelete", "tf")
    assert (status, err) == (3, "No deletion of “tf” can be undone.\n")
    assert shell.run("undelete")[1] == "No deletion can be undone.\n"


def test_a_deleted_environment_is_restored_under_another_name(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--no-tensorflow", "numpy")
    shell.json("remove", "tf", "-y")
    shell.json("create", "tf", "--no-tensorflow", "pandas")
    status, _, err = shell.run("undelete", "tf")
    assert (status, "Restore it under another name" in err) == (5, True)
    assert shell.json("undelete", "tf", "back")["state"] == "succeeded"
    assert {one["name"] for one in shell.json("list")["environments"]} == {"tf", "back"}
    assert sorted(path.name for path in (clean_home / ".conda/envs").iterdir()) == ["back", "tf"]


def test_an_environment_is_deleted_at_once(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--no-tensorflow", "numpy")
    assert shell.json("remove", "tf", "--now", "-y")["undo"] is None
    assert list((clean_home / ".conda/envs").iterdir()) == []


def test_a_command_deletes_what_was_set_aside_long_enough(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--no-tensorflow", "numpy")
    job = shell.json("remove", "tf", "-y")
    path = clean_home / f".local/state/tfenv_lab/jobs/{job['id']}.json"
    path.write_text(path.read_text().replace(job["undo"]["until"], "2020-01-01T00:00:00.000+00:00"))
    # A command that only reads leaves it to the next one.
    shell.json("list")
    assert len(list((clean_home / ".conda/envs").iterdir())) == 1
    shell.json("undelete")
    assert list((clean_home / ".conda/envs").iterdir()) == []
