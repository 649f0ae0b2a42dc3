"""Test that the README documents every setting and exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tfenv_lab.settings import TfenvLab

README = Path(__file__).parents[1] / "README.md"


def test_the_configuration_table_has_a_row_for_each_trait_of_ours() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", README.read_text(encoding="utf-8"), re.MULTILINE))
    own = {name for name in TfenvLab.class_own_traits(config=True)}
    assert rows == own


def test_every_picture_and_document_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_every_exit_status_of_the_commands_is_documented() -> None:
    from tfenv_lab.cli.command import EXIT, PROBLEMS, SOME_FAILED

    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {int(status): set(re.findall(r"`([a-z-]+)`", words)) for status, words in rows}
    expected = {status: {reason for reason, own in EXIT.items() if own == status} for status in EXIT.values()}
    assert documented == {0: set(), 1: set(), **expected, PROBLEMS: set(), SOME_FAILED: set(), 130: set()}


def test_a_default_that_the_configuration_table_gives_as_a_value_is_the_trait_s() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (?:`([^`]+)`|(\d+|true|false)) \|$", README.read_text("utf-8"), re.MULTILINE)
    assert len(rows) >= 4
    traits = TfenvLab.class_own_traits(config=True)
    for name, code, literal in rows:
        assert (code or json.loads(literal)) == traits[name].default_value, name
