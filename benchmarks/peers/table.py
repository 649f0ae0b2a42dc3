"""The table of medians and ratios, as text and as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..measure import Measure
from ..page import circumstances

#: The tool that the others are compared with.
BASELINE = "conda"


@dataclass(frozen=True)
class Row:
    """The seconds of one piece of work by tool, and the limits of their ratios to conda."""

    name: str
    times: Mapping[str, Sequence[float]]
    limits: Mapping[str, float]
    floor: float | None
    floor_name: str
    digits: int = 3

    def median(self, tool: str) -> float | None:
        return statistics.median(self.times[tool]) if self.times.get(tool) else None

    def ratio(self, tool: str) -> float | None:
        """Return the median of a tool divided by that of conda, or None if one of them cannot do it."""
        own, baseline = self.median(tool), self.median(BASELINE)
        return own / baseline if own is not None and baseline else None


@dataclass(frozen=True)
class Table:
    """All rows, in the order of the work."""

    rows: Sequence[Row]
    tools: Sequence[str]
    versions: Mapping[str, str]
    absent: Sequence[str]
    channel: str

    def measures(self) -> Iterator[Measure]:
        """Yield the ratios that have a limit."""
        for row in self.rows:
            for tool, limit in row.limits.items():
                ratio = row.ratio(tool)
                if ratio is not None:
                    yield Measure(f"{row.name}: {tool} / {BASELINE}", ratio, "x", limit=limit)
        medians = {row.name: row for row in self.rows}
        many, fewer = medians["list of 1,000 environments"], medians["list of 100 environments"]
        ours, theirs = many.median("tfenv_lab REST"), fewer.median("mamba-gator REST")
        if ours and theirs:
            yield Measure("list of 1,000 / mamba-gator's list of 100", ours / theirs, "x", limit=1 / 20)

    def cells(self) -> Iterator[list[str]]:
        """Yield the heading, then a list of cells for each row: seconds, and in brackets the ratio to conda."""
        yield ["work", *self.tools, "floor"]
        for row in self.rows:
            cells = [row.name]
            for tool in self.tools:
                median, ratio = row.median(tool), row.ratio(tool)
                text = "-" if median is None else f"{median:.{row.digits}f}"
                cells.append(text if ratio is None or tool == BASELINE else f"{text} ({ratio:.2f})")
            cells.append("" if row.floor is None else f"{row.floor:.3f} {row.floor_name}")
            yield cells

    def text(self) -> str:
        """Return the table for a terminal."""
        rows = list(self.cells())
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*self.absent, *lines])

    def markdown(self) -> str:
        """Return the table with what was measured, when and where."""
        heading, *rows = self.cells()
        versions = ", ".join(f"{tool} {version}" for tool, version in self.versions.items())
        lines = ["| " + " | ".join(cells) + " |" for cells in (heading, ["---"] * len(heading), *rows)]
        channel = "a channel with real TensorFlow" if self.channel == "TensorFlow" else "a channel of small packages"
        about = f"Measured on {channel}, {circumstances()}{', ' if versions else ''}{versions}."
        return "\n".join([about, *(f"\n{reason}." for reason in self.absent), "", *lines, ""])
