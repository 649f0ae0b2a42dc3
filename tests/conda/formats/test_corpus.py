"""Test a corpus of small files in the shapes that people publish: the outcome and the message of each.

``corpus/*.txt`` has one file after a line ``=== title``, and after a line ``--- outcome`` what is read from it, or the
beginning of the error. To add a file, write both.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tfenv_lab.conda.formats import reading
from tfenv_lab.conda.formats.model import FORMATS, READ_ONLY
from tfenv_lab.errors import TfenvError
from tfenv_lab.pypi.models import Locked

CORPUS = Path(__file__).with_name("corpus.txt")


def _cases() -> list[tuple[str, str, str]]:
    cases = []
    for part in CORPUS.read_text(encoding="utf-8").split("\n=== ")[1:]:
        title, _, rest = part.partition("\n")
        content, _, outcome = rest.partition("\n--- outcome\n")
        cases.append((title, content + "\n", outcome.strip()))
    return cases


CASES = _cases()


def outcome_of(content: str) -> str:
    """Return in a few lines what is read from a file, or the error."""
    try:
        found = reading.read(content, None, "linux-64")
    except TfenvError as error:
        return "\n".join(filter(None, (f"refused: {error.message}", error.hint and f"hint: {error.hint}")))
    packages = [package.url.rpartition("/")[2] for package in found.pinned or ()]
    lines = [
        f"format: {found.format}",
        f"channels: {', '.join(found.channels)}" if found.channels else "",
        f"specs: {' | '.join(found.specs)}" if found.specs else "",
        f"packages: {' | '.join(packages)}" if packages else "",
        f"pip: {' | '.join(found.pypi)}" if found.pypi else "",
        *(f"locked: {told}" for told in map(_locked, found.index.packages)),
        *(f"hash: {name} {' '.join(digests)}" for name, digests in found.index.hashes.items()),
        *(f"place: {name} {' '.join(places)}" for name, places in found.index.places.items()),
        *(f"variable: {name}={value}" for name, value in found.variables.items()),
        *(f"note: {note}" for note in found.notes),
    ]
    return "\n".join(filter(None, lines))


def _locked(package: Locked) -> str:
    """Return a locked package with its files or its origin."""
    files = [file.filename + (f" {file.sha256}" if file.sha256 else "") for file in package.files]
    places = [package.direct] if package.direct else files
    return " ".join([package.label, f"({'; '.join(places)})" if places else "", package.marker]).strip()


def test_the_corpus_is_large_enough_and_has_every_format() -> None:
    assert len(CASES) >= 60
    told = "\n".join(outcome for _, _, outcome in CASES)
    for format_ in (*FORMATS, *READ_ONLY):
        if format_ == "notebook":
            continue
        assert f"format: {format_}\n" in told


@pytest.mark.parametrize(("content", "outcome"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_public_file_has_its_outcome(content: str, outcome: str) -> None:
    assert outcome_of(content) == outcome
