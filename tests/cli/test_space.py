"""The commands about disk space."""

from __future__ import annotations

from pathlib import Path

from ..tiny_tensorflow import PYTHON
from .conftest import Shell


def test_clean_frees_what_disk_says(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    found = shell.json("disk")
    assert len(found["environments"]) == 1
    assert found["caches"][0]["unused_bytes"] == 0
    status, out, _ = shell.run("disk")
    assert status == 0
    assert out.splitlines()[1].split()[0] == "tf"
    status, out, _ = shell.run("remove", "tf", "--dry-run")
    assert out.startswith(f"Would delete {clean_home}/.conda/envs/tf and free ")
    shell.json("remove", "tf", "--now", "-y")

    unused = shell.json("disk")["caches"][0]["unused_bytes"]
    assert unused > 0
    plan = shell.json("clean", "--dry-run")
    assert plan["freed_bytes"] >= unused
    assert shell.json("disk")["caches"][0]["unused_bytes"] == unused
    _, out, _ = shell.run("clean", "cache", "-y")
    assert out.splitlines()[0] == f"This frees {plan['freed_bytes'] / 1e6:.1f} MB:"
    assert out.splitlines()[-1].startswith("Freed ")
    assert shell.json("disk")["caches"][0] == {"name": "packages", "bytes": 0, "unused_bytes": 0}
    assert shell.run("clean", "-y")[0] == 0


def test_clean_does_not_touch_what_reverts_need_unless_it_is_named(shell: Shell) -> None:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    shell.json("update", "tf", "tensorflow")
    assert shell.json("disk")["revisions_bytes"] > 0
    assert shell.json("clean", "--dry-run")["freed_bytes"] == 0
    plan = shell.json("clean", "revisions", "--dry-run")
    assert [warning["code"] for warning in plan["warnings"]] == ["revert-needs-download"]
    assert shell.json("clean", "revisions", "--older-than-days=1", "--dry-run")["freed_bytes"] == 0
    status, _, err = shell.run("clean", "everything")
    assert (status, err.splitlines()[0]) == (2, "“what” must be a list of “cache”, “revisions”, “trash” and “uv”.")


def test_the_package_cache_stays_below_its_limit(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    shell.json("create", "other", "--tensorflow=2.20.*", f"--python={PYTHON}")
    cache = clean_home / ".cache/tfenv_lab/pkgs"
    before = {path.name for path in cache.glob("tensorflow-*") if path.is_dir()}
    assert len(before) == 4
    # Nothing is below a limit of a kilobyte, but what an environment has stays.
    shell.json("remove", "other", "-y", "--TfenvLab.package_cache_limit=1 kB")
    after = {path.name for path in cache.glob("tensorflow-*") if path.is_dir()}
    assert after == {name for name in before if "-2.19.1-" in name}
