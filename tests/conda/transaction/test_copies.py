"""Test that a copy of an environment is independent, and shares all files that need not differ."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix import revisions
from tfenv_lab.conda.prefix import state as prefixes
from tfenv_lab.conda.prefix.records import contents, package_names
from tfenv_lab.conda.transaction import cloning
from tfenv_lab.errors import StalePlan

from ...tiny_tensorflow import PYTHON, SITE, fill
from ..conftest import Lab, Watched, run


def _copy(lab: Lab, *specs: str, name: str = "copy", **fields: Any) -> Path:
    target = lab.prefix.with_name(name)
    begins = {"origin": "copy", "source": lab.prefix, **fields}
    run(lab.change(*specs, job="1job", prefix=target, kind="clone", **begins))
    return target


def _owned(prefix: Path, stem: str, inside: str) -> Any:
    record = json.loads((prefix / f"conda-meta/{stem}.json").read_text())
    return next(entry for entry in record["paths_data"]["paths"] if entry["_path"] == inside)


def test_files_that_contain_the_prefix_are_rewritten_and_all_others_are_shared(lab: Lab) -> None:
    run(lab.change("app 1.0", "tool"))
    copy = _copy(lab, "app 1.0", "tool")
    script = (copy / "bin/app").read_bytes()
    assert script.startswith(f"#!{copy}/bin/sh".encode())
    assert os.access(copy / "bin/app", os.X_OK)
    assert _owned(copy, "app-1.0-0", "bin/app")["sha256_in_prefix"] == hashlib.sha256(script).hexdigest()
    assert (lab.prefix / "bin/app").read_text().startswith(f"#!{lab.prefix}/bin/sh")
    assert (copy / "share/app.txt").samefile(lab.prefix / "share/app.txt")
    assert (copy / "lib/lib.txt").samefile(lab.prefix / "lib/lib.txt")
    assert str(lab.prefix).encode() not in b"".join(p.read_bytes() for p in copy.rglob("*") if p.is_file())


@pytest.mark.parametrize("name", ["with space", "long" * 30])
def test_a_package_whose_script_cannot_name_the_prefix_is_linked_again(lab: Lab, name: str) -> None:
    run(lab.change("app 1.0", "tool"))
    alone = _copy(lab, "app 1.0", "tool", name=name)
    made = lab.prefix.with_name(f"{name} made"[:200])
    run(lab.change("app 1.0", "tool", job="2job", prefix=made))
    # rattler writes the first line with env or with a shell.
    as_made = (made / "bin/app").read_text().replace(str(made), str(alone))
    assert (alone / "bin/app").read_text() == as_made


def test_a_copy_needs_neither_cache_nor_channel(lab: Lab) -> None:
    run(lab.change("app 1.0", "tool"))
    shutil.rmtree(lab.root / "pkgs")
    for package in lab.channel.root.rglob("*.conda"):
        package.unlink()
    copy = _copy(lab, "app 1.0", "tool")
    assert {stem.name for stem in package_names(copy)} == {"app", "lib", "tool"}
    assert (copy / "lib/lib.txt").read_text() == "lib 1.0"


def test_a_copy_starts_a_new_history(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    run(lab.change("app 2.0", job="2job"))
    copy = _copy(lab, "app 2.0")
    assert [(r.number, r.kind) for r in revisions.read(copy)] == [(0, "clone")]
    history = (copy / "conda-meta/history").read_text()
    assert history.count("==>") == 1
    assert f"+{lab.channel.url}/linux-64::app-2.0-0" in history


def test_a_copy_has_the_pins_and_variables_of_its_original_and_may_be_changed(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    for name, text in {"pinned": "app 1.*\n", "state": '{"env_vars": {"A": "1"}}', "frozen": "{}"}.items():
        (lab.prefix / "conda-meta" / name).write_text(text)
    copy = _copy(lab, "app 1.0")
    assert (copy / "conda-meta/pinned").read_text() == "app 1.*\n"
    assert (copy / "conda-meta/state").exists()
    assert not (copy / "conda-meta/frozen").exists()


def test_a_renamed_environment_keeps_everything(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    (lab.prefix / "conda-meta/pinned").write_text("app 1.*\n")
    (lab.prefix / "notebook.ipynb").write_text("mine")
    new = _copy(lab, "app 1.0", name="new", origin="move", fingerprint=prefixes.fingerprint(lab.prefix))
    assert not lab.prefix.exists()
    assert [revision.job for revision in revisions.read(new)] == ["0job", "1job"]
    assert (new / "conda-meta/pinned").exists()
    assert (new / "notebook.ipynb").read_text() == "mine"
    history = (new / "conda-meta/history").read_text()
    assert history.count("==>") == 2
    assert history.count("# update specs") == 1, "what was asked for before is not asked for again"


def test_a_change_into_a_copy_leaves_the_original_alone(lab: Lab) -> None:
    run(lab.change("app 1.0", "tool"))
    (lab.prefix / "notes.txt").write_text(f"made in {lab.prefix}/bin")
    before = lab.tree()
    copy = _copy(lab, "app 2.0", "tool")
    assert (copy / "share/app.txt").read_text() == "2.0"
    assert not (copy / "lib/only-1.0.txt").exists()
    assert (copy / "notes.txt").read_text() == f"made in {copy}/bin"
    assert lab.tree() == before


def test_a_record_without_its_paths_counts_as_bound(lab: Lab) -> None:
    run(lab.change("lib 1.0"))
    path = lab.prefix / "conda-meta/lib-1.0-0.json"
    assert not contents(lab.prefix)["lib-1.0-0.json"].is_bound
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "paths_data": {"paths_version": 1, "paths": []}}))
    assert contents(lab.prefix)["lib-1.0-0.json"].is_bound


def test_the_command_of_a_noarch_package_runs_the_copys_own_python(lab: Lab) -> None:
    fill(lab.channel, releases=())
    link = {"noarch": {"type": "python", "entry_points": ["pure = pure:main"]}, "package_metadata_version": 1}
    lab.channel.add(
        "pure",
        "1.0",
        noarch="python",
        depends=[f"python {PYTHON}.*"],
        files={"site-packages/pure/__init__.py": "def main():\n    pass\n"},
        info_files={"link.json": json.dumps(link)},
    )
    lab.channel.index()
    run(lab.change("python", "pure"))
    copy = _copy(lab, "python", "pure")
    script = (copy / "bin/pure").read_bytes()
    assert script.startswith(f"#!{copy}/bin/python".encode())
    assert _owned(copy, "pure-1.0-0", "bin/pure")["sha256"] == hashlib.sha256(script).hexdigest()
    record = json.loads((copy / "conda-meta/pure-1.0-0.json").read_text())
    compiled = [path for path in record["files"] if path.endswith(".pyc")]
    assert compiled, "the bytecode belongs to the copy's package"
    assert all((copy / path).samefile(lab.prefix / path) for path in compiled)
    assert compiled[0].startswith(SITE)


def test_an_original_that_changes_while_it_is_copied_gives_no_mixture(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lab.change("app 1.0", "tool"))
    complete = cloning.ClonedTree.complete

    def updated_meanwhile(clone: cloning.ClonedTree, done: Any) -> Any:
        monkeypatch.setattr(cloning.ClonedTree, "complete", complete)
        snapshot = complete(clone, done)
        run(lab.change("app 2.0", "tool", job="2job"))
        return snapshot

    monkeypatch.setattr(cloning.ClonedTree, "complete", updated_meanwhile)
    with pytest.raises(StalePlan, match="while it was being copied"):
        _copy(lab, "app 1.0", "tool")
    assert lab.beside() == ["tf"]


def test_what_is_saved_while_an_environment_is_renamed_goes_with_it(lab: Lab) -> None:
    class Saving(Watched):
        def phase(self, name: str) -> None:
            super().phase(name)
            if name == "link":
                (lab.prefix / "late.txt").write_text(f"{lab.prefix}/bin")

    run(lab.change("app 1.0"))
    new = _copy(lab, "app 1.0", watcher=Saving(), origin="move", fingerprint=prefixes.fingerprint(lab.prefix))
    assert (new / "late.txt").read_text() == f"{new}/bin"
