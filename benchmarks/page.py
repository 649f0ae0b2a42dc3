"""The sections of ``docs/performance.md`` that the benchmarks write, and its pictures."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from .measure import Measure

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"


def write(section: str, text: str) -> None:
    """Replace what is between the marks of a section. The rest of the page is written by hand."""
    begin, end = f"<!-- begin {section} -->\n", f"<!-- end {section} -->"
    page, count = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: f"{begin}\n{text.strip()}\n\n{end}",
        PAGE.read_text(),
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{PAGE} does not have the marks of the section {section} once")
    PAGE.write_text(page)


def picture(name: str, svg: str) -> None:
    (DOCS / "images" / f"{name}.svg").write_text(svg)


def circumstances() -> str:
    """Return when and where something is measured, for a sentence that begins with “Measured”."""
    return (
        f"on {date.today().isoformat()}, with {os.cpu_count()} processors ({platform.machine()}), "
        f"Python {platform.python_version()}"
    )


def table(measures: Sequence[Measure]) -> str:
    """Return measures as a table in Markdown."""
    lines = ["| measured | value | limit |", "| --- | --- | --- |"]
    for measure in measures:
        limit = "" if measure.limit is None else f"{measure.limit:g} {measure.unit}".strip()
        over = " (exceeded)" if measure.over else ""
        lines.append(f"| {measure.name} | {measure.value:.2f} {measure.unit} | {limit}{over} |".replace("  ", " "))
    return "\n".join(lines)
