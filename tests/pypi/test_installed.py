"""Test the list of an installed package's files, which is not trusted, and how it is edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfenv_lab.pypi import installed

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def info(tmp_path: Path) -> Path:
    """The metadata of “six” in an environment."""
    path = tmp_path / "env" / SITE / "six-1.17.0.dist-info"
    path.mkdir(parents=True)
    (path / "METADATA").write_text("Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\nRequires-Dist: a>1\n")
    return path


def files(info: Path, *lines: str) -> set[str]:
    """Return the files of a package whose list has these lines, without its metadata."""
    (info / "RECORD").write_text("".join(f"{line}\n" for line in lines))
    found = installed.files(info.parents[3], info)
    return {path for path in found if ".dist-info/" not in path}


def test_files_are_paths_inside_the_environment(info: Path) -> None:
    listed = ["six.py,sha256=x,5", "../../../bin/six,sha256=x,5", '"a,b.py",,', "./x/../y.py,,"]
    assert files(info, *listed) == {f"{SITE}/six.py", "bin/six", f"{SITE}/a,b.py", f"{SITE}/y.py"}


def test_an_absolute_path_counts_if_it_is_inside(info: Path) -> None:
    prefix = info.parents[3]
    assert files(info, f"{prefix}/bin/six,,", "/etc/passwd,,", f"{prefix}2/x,,") == {"bin/six"}


@pytest.mark.parametrize(
    "line",
    ["../../../../x,,", "../../..,,", "../../../conda-meta/history,,", "../../../conda-meta/a/b,,", ",,", "", "a\0b,,"],
)
def test_other_paths_do_not_count(info: Path, line: str) -> None:
    assert files(info, line) == set()


def test_all_metadata_belongs_to_the_package_even_if_it_is_not_listed(info: Path) -> None:
    (info / "uv_cache.json").write_text("{}")
    assert {path.rpartition("/")[2] for path in installed.files(info.parents[3], info)} == {"METADATA", "uv_cache.json"}


def test_a_missing_list_is_known(info: Path) -> None:
    assert not installed.has_record(info)
    assert installed.size(info) is None
    (info / "RECORD").write_text("six.py,sha256=x,5\nother.py,sha256=x,7\nsix-1.17.0.dist-info/RECORD,,\n")
    assert installed.has_record(info)
    assert installed.size(info) == 12


def test_projects_are_found_by_their_normalized_names(info: Path) -> None:
    (info.parent / "A.b_C-1.0.dist-info").mkdir()
    (info.parent / "x.egg-info").mkdir()
    assert sorted(installed.dist_infos(info.parent)) == ["a-b-c", "six"]
    assert installed.dist_infos(info.parent / "missing") == {}
    assert installed.requires(info) == ("a>1",)


def test_the_mark_of_a_request_comes_and_goes_with_its_line(info: Path) -> None:
    prefix = info.parents[3]
    (info / "RECORD").write_text("six.py,,\nsix-1.17.0.dist-info/RECORD,,\n")
    before = (info / "RECORD").read_bytes()
    installed.set_requested(prefix, info, True)
    assert (info / "REQUESTED").read_bytes() == b""
    assert b"six-1.17.0.dist-info/REQUESTED,sha256=" in (info / "RECORD").read_bytes()
    installed.set_requested(prefix, info, False)
    assert not (info / "REQUESTED").exists()
    assert (info / "RECORD").read_bytes() == before


def test_an_edited_list_is_a_new_file(info: Path, tmp_path: Path) -> None:
    (info / "RECORD").write_text("six.py,sha256=x,5\ngone.py,,\n")
    (tmp_path / "shared").hardlink_to(info / "RECORD")
    (info.parent / "six.py").write_text("new")
    installed.update_record(info.parents[3], info, changed={f"{SITE}/six.py"}, only={f"{SITE}/six.py"})
    line, *rest = (info / "RECORD").read_text().splitlines()
    assert line.startswith("six.py,sha256=")
    assert line.endswith(",3")
    assert rest == []
    assert "gone.py" in (tmp_path / "shared").read_text()
