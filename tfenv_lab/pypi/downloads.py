"""Read the progress of downloads from what uv writes: bars on a terminal, or lines for the larger files."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator

#: Called with a project's name, and the downloaded and all bytes of its file.
OnDownload = Callable[[str, int, int], None]

_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE = r"([\d.]+) ?([KMG]iB|B)"
#: A bar: ``tensorflow  ------------------------------ 8.00 KiB/11.44 MiB``.
_BAR = re.compile(rf"(?<!\S)(\S+) +-+ +{_SIZE}/{_SIZE}")
_BEGUN, _DONE = re.compile(rf"\s*Downloading (\S+) \({_SIZE}\)"), re.compile(r"\s*Downloaded (\S+)")
#: Movements of the cursor and colors (ECMA-48).
_CONTROL = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
#: A line that certainly neither draws nor is empty.
_PLAIN = re.compile(r"[!-~][^\x1b]*\Z")
#: Maximum number of characters of a line; a longer one is several lines.
_LONGEST = 1 << 16
#: Rows and columns of the terminal: more rows than uv downloads files at a time.
_ROWS, _COLUMNS = 100, 200


class Downloads:
    """Reader of uv's standard error. It passes on the progress, and returns the other lines."""

    def __init__(self, told: OnDownload | None) -> None:
        self._told = told
        self._totals: dict[str, int] = {}
        self._rest = ""

    def feed(self, text: str) -> Iterator[str]:
        """Read more text, and yield its complete lines without line ends, except those of progress."""
        # A sequence that is not complete yet is read with the next text. Every drawing ends with a carriage return.
        *lines, self._rest = re.split(r"[\r\n]", self._rest + text)
        yield from self._lines(lines)
        if len(self._rest) > _LONGEST:
            yield from self.end()

    def end(self) -> Iterator[str]:
        """Yield the last line, which may have no end."""
        yield from self._lines([self._rest])
        self._rest = ""

    def _lines(self, lines: list[str]) -> Iterator[str]:
        for raw in lines:
            if _PLAIN.match(raw) and "B/" not in raw and "Download" not in raw:
                # A build can print millions of such lines.
                yield raw
                continue
            line = _CONTROL.sub("", raw)
            # Only movements of the cursor separate the bars of a drawing.
            bars = _BAR.findall(_CONTROL.sub(" ", raw)) if "B/" in raw else []
            for name, done, unit, total, of in bars:
                self._tell(name, _bytes(done, unit), _bytes(total, of))
            if "Download" in line:
                self._read_line(line)
            if line.strip() and not bars and not _is_drawing(line):
                yield line

    def _read_line(self, line: str) -> None:
        if begun := _BEGUN.fullmatch(line):
            self._totals[begun[1]] = _bytes(begun[2], begun[3])
            self._tell(begun[1], 0, self._totals[begun[1]])
        elif (done := _DONE.fullmatch(line)) and done[1] in self._totals:
            self._tell(done[1], self._totals[done[1]], self._totals[done[1]])

    def _tell(self, name: str, done: int, total: int) -> None:
        if self._told is not None:
            with contextlib.suppress(Exception):
                self._told(name, done, total)


def _bytes(number: str, unit: str) -> int:
    return int(float(number) * _UNITS[unit])


def _is_drawing(line: str) -> bool:
    """Return whether a line is a spinner or a bar without bytes, as uv draws while it prepares and installs."""
    return line.lstrip()[:1] in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏█░"


def open_terminal() -> tuple[int, int] | None:
    """Return the two ends of a new pseudo-terminal, ours first, or None if this system has none."""
    if sys.platform == "win32":
        return None
    import fcntl
    import struct
    import termios

    try:
        ours, theirs = os.openpty()
    except OSError:
        return None
    with contextlib.suppress(OSError):
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    return ours, theirs
