"""Test that the rule for names is the same in Python, in the contract and in the status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfenv_lab import environment_names
from tfenv_lab.conda.formats.untrusted import MAX_BYTES
from tfenv_lab.environment_names import check_name, suggest
from tfenv_lab.errors import InvalidName
from tfenv_lab.plans.recognition import FILE_PATTERN

from .contract import CONTRACT

TAKEN = ["tf219", "_x", "2", "a.b", "c++", "x" * 64, "größe", "тест", "環境", "환경", "bases", "my.con", "com10"]
REFUSED = [
    "", ".", "..", "a.", ".hidden", "-x", "+x", "a/b", "a\\b", "a b", "a\tb", "a\n", "a:b", "a#b", "“a”", "x" * 65,
    "x" * 300, "base", "Root", "con", "NUL.txt", "com1", "lpt9.log", "a\u200eb", "a\u2028b",
]  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_that_can_be_a_directory_everywhere_is_taken(name: str, tmp_path: Path) -> None:
    assert check_name(name) == name
    (tmp_path / name).mkdir()


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName) as refused:
        check_name(name)
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("character", "_-+.")
def test_the_hint_names_each_allowed_character_except_letters_and_digits(character: str) -> None:
    check_name(f"a{character}b")
    with pytest.raises(InvalidName) as refused:
        check_name("a b")
    assert f"“{character}”" in (refused.value.hint or "")


def test_the_contract_has_the_same_rule() -> None:
    name = CONTRACT["components"]["schemas"]["Name"]
    assert (name["pattern"], name["maxLength"]) == (environment_names.PATTERN, environment_names.LENGTH)


async def test_the_status_has_the_rule_for_the_form(api: Any) -> None:
    _, status = await api.call("GET", "status")
    limits = {name: value for name, value in status["limits"].items() if name != "sentences"}
    assert limits == {
        "name_pattern": environment_names.PATTERN,
        "name_length": environment_names.LENGTH,
        "name_hint": environment_names.HINT,
        "reserved_names": list(environment_names.RESERVED),
        "import_bytes": MAX_BYTES,
        "import_pattern": FILE_PATTERN,
        "undo_minutes": 10,
        "max_environments": None,
        "max_bytes": None,
    }


@pytest.mark.parametrize("name", TAKEN)
def test_a_valid_name_is_suggested_as_it_is(name: str) -> None:
    assert suggest(name) == name


@pytest.mark.parametrize("name", REFUSED)
def test_the_suggestion_for_an_invalid_name_is_valid(name: str) -> None:
    found = suggest(name)
    assert found is None or check_name(found) == found
