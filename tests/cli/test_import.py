"""Test the options of the command that imports a file."""

from __future__ import annotations

from pathlib import Path

from ..simple_index import SimpleIndex
from .conftest import Shell


def test_an_error_shows_the_options_of_its_alternatives(
    shell: Shell, tmp_path: Path, clean_home: Path, simple_index: SimpleIndex
) -> None:
    file = tmp_path / "environment.yml"
    file.write_text("dependencies: [nunpy=2.1, nowhere-at-all]\n")
    status, _, said = shell.run("import", str(file), "new", "--dry-run")
    assert status == 6
    label = "Use numpy for nunpy · Leave out nowhere-at-all"
    options = "--replace='nunpy=numpy 2.1.*' --replace=nowhere-at-all="
    assert f"{label}: {options}" in said
    replacements = ["--replace=nunpy=numpy 2.1.*", "--replace=nowhere-at-all="]
    status, told, said = shell.run("import", str(file), "new", "--dry-run", *replacements)
    assert status == 0, said
    assert "numpy 2.1.0" in told


def test_channels_that_are_not_allowed_are_left_out_or_used(shell: Shell, tmp_path: Path, clean_home: Path) -> None:
    other = tmp_path / "other"
    file = tmp_path / "environment.yml"
    file.write_text(f"channels: ['{other.as_uri()}']\ndependencies: [numpy]\n")
    status, _, said = shell.run("import", str(file), "new", "--dry-run")
    assert status == 4
    assert "Import with these channels added: --channels=all" in said
    status, told, _ = shell.run("import", str(file), "new", "--dry-run", "--channels=allowed")
    assert status == 0
    assert "are left out" in told
    status, _, said = shell.run("import", str(file), "new", "--dry-run", "--channels=all")
    assert (status, other.as_uri() in said) == (7, True)
