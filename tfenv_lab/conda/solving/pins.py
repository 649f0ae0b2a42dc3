"""Read and write pins: specs that every change must satisfy (conda/core/solve.py: ``get_pinned_specs``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...disk import writes
from ...errors import InvalidRequest
from ...sentences import say

FILE = "conda-meta/pinned"


def pins(configured: Iterable[str], prefix: Path | None = None) -> list[str]:
    """Return the pins from condarc (``pinned_packages``) and from the ``pinned`` file of an environment.

    Raises InvalidRequest if one cannot be read: a change must not ignore a pin.
    """
    texts = [(text.strip(), "pinned_packages") for text in configured]
    if prefix is not None:
        texts += [(line.strip(), FILE) for line in _lines(prefix / FILE)]
    found = [(text, place) for text, place in texts if text and not text.startswith("#")]
    for text, place in found:
        require_readable(text, place)
    return [text for text, _ in found]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise InvalidRequest(
            say("The pins of this environment ({file}) cannot be read.", file=FILE), str(error)
        ) from error


def own(prefix: Path) -> list[str]:
    """Return the pins in the ``pinned`` file of an environment. Raises InvalidRequest if it cannot be read."""
    texts = (line.strip() for line in _lines(prefix / FILE))
    return [text for text in texts if text and not text.startswith("#")]


def write(prefix: Path, wanted: Sequence[str]) -> None:
    """Write the pins of an environment. Comments stay. The caller must hold the prefix lock.

    Raises InvalidRequest if the file cannot be read, OSError if it cannot be written.
    """
    path = prefix / FILE
    before = _lines(path)
    texts = [line.strip() for line in before]
    kept = [
        line for line, text in zip(before, texts, strict=True) if not text or text.startswith("#") or text in wanted
    ]
    lines = [*kept, *(text for text in wanted if text not in texts)]
    if lines == before:
        return
    if lines:
        writes.replace(path, "\n".join(lines) + "\n")
    else:
        path.unlink(missing_ok=True)


def require_readable(text: str, place: str) -> None:
    """Raise InvalidRequest, which names the ``place``, if a pin is not a package spec."""
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError, InvalidPackageNameError

    try:
        MatchSpec(text, strict=False)
    except (InvalidMatchSpecError, InvalidPackageNameError) as error:
        raise InvalidRequest(
            say("The pin “{text}” in {place} is not a package spec.", text=text[:100], place=place),
            str(error),
            hint=say("Correct or remove the pin."),
        ) from error
