"""Test what the benchmarks write: pictures, sections of the page on performance, and the table of the peers."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import guard, page
from benchmarks.measure import Measure, Skipped
from benchmarks.peers import installations
from benchmarks.peers.table import Row, Table
from benchmarks.picture import Axis, draw


def test_a_logarithmic_axis_gives_each_power_of_ten_the_same_space() -> None:
    axis = Axis([2, 700], start=0, end=300, logarithmic=True)
    assert axis.ticks == [1, 10, 100, 1000]
    assert [axis.place(tick) for tick in axis.ticks] == [0, 100, 200, 300]


def test_a_proportional_axis_begins_at_zero() -> None:
    axis = Axis([0.5, 2.5], start=300, end=0, logarithmic=False)
    assert axis.ticks == [0, 1, 2, 3]
    assert axis.place(1.5) == 150


def test_a_picture_is_valid_xml_with_a_line_and_a_name_for_each_line() -> None:
    svg = draw("<Growth>", {"one & two": [(1, 0.1), (10, 1)], "three": [(1, 0.1)]}, "things", "seconds")
    root = ElementTree.fromstring(svg)
    name = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{name}title") == "<Growth>"
    assert len(root.findall(f"{name}polyline")) == 2
    assert "one & two" in [each.text for each in root.findall(f"{name}text")]


def test_a_section_of_the_page_is_replaced_and_the_rest_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "performance.md"
    written.write_text("Before.\n\n<!-- begin panel -->\nold\n<!-- end panel -->\n\nAfter.\n")
    monkeypatch.setattr(page, "PAGE", written)
    for text in ("new \\1", "newer"):
        page.write("panel", text)
    assert written.read_text() == "Before.\n\n<!-- begin panel -->\n\nnewer\n\n<!-- end panel -->\n\nAfter.\n"
    with pytest.raises(ValueError, match="section growth"):
        page.write("growth", "")


def test_the_page_has_the_marks_of_every_section() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    for section in ("peers", "panel", "growth"):
        assert text.count(f"<!-- begin {section} -->\n") == text.count(f"<!-- end {section} -->") == 1


def test_an_exceeded_limit_is_marked() -> None:
    lines = page.table([Measure("paint", 120, limit=100), Measure("idle", 3, "", limit=4)]).splitlines()
    assert lines[2:] == ["| paint | 120.00 ms | 100 ms (exceeded) |", "| idle | 3.00 | 4 |"]


def test_the_picture_of_the_guard_is_that_of_its_history() -> None:
    svg = (page.DOCS / "images" / "guard.svg").read_text(encoding="utf-8")
    for line in guard.HISTORY.read_text().splitlines():
        assert json.loads(line)["date"] in svg


def test_a_peer_that_is_left_out_has_its_reason_and_no_ratio() -> None:
    rows = [
        Row(f"list of {count} environments", {"ours": [1.0, 3.0, 2.0]}, {"ours": 1}, None, "")
        for count in (100, "1,000")
    ]
    table = Table(rows, ["ours"], {}, ["conda is left out: it is not there"], "small")
    assert list(table.measures()) == []
    assert "conda is left out: it is not there." in table.markdown()
    assert "| list of 100 environments | 2.000 |  |" in table.markdown()


def test_the_list_of_many_is_compared_with_the_peers_list_of_fewer() -> None:
    rows = [
        Row(f"list of {count} environments", {"tfenv_lab REST": [0.1], "mamba-gator REST": [4.0]}, {}, None, "")
        for count in ("100", "1,000")
    ]
    (measure,) = Table(rows, [], {}, [], "small").measures()
    assert (measure.value, measure.over) == (0.025, False)


def test_without_a_name_conda_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TFENV_CONDA", raising=False)
    with pytest.raises(Skipped, match="TFENV_CONDA"):
        installations.conda()
    monkeypatch.setenv("TFENV_CONDA", str(tmp_path))
    with pytest.raises(Skipped, match="is not a checkout of conda"):
        installations.conda()
    (tmp_path / "conda").touch()
    monkeypatch.setenv("TFENV_CONDA", str(tmp_path / "conda"))
    assert installations.conda() == tmp_path / "conda"
