"""Lines in a picture, written as SVG without any library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#000000", "#e69f00", "#7f3c8d", "#666666")
_WIDTH, _HEIGHT = 800, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 40, 20, 50
_LEGEND = 20


class Axis:
    """Places numbers between two ends of the picture, by their logarithms or in proportion."""

    def __init__(self, numbers: Sequence[float], start: float, end: float, logarithmic: bool) -> None:
        self._logarithmic, self._start, self._end = logarithmic, start, end
        if logarithmic:
            self._low, self._high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
            self._high = max(self._high, self._low + 1)
            self.ticks = [10.0**power for power in range(self._low, self._high + 1)]
        else:
            self._low, self._high = 0, max(1, math.ceil(max(numbers)))
            self.ticks = [float(number) for number in range(self._high + 1)]

    def place(self, number: float) -> float:
        value = math.log10(number) if self._logarithmic else number
        return round(self._start + (value - self._low) / (self._high - self._low) * (self._end - self._start), 1)


def draw(
    title: str,
    lines: Mapping[str, Sequence[tuple[float, float]]],
    x_label: str,
    y_label: str,
    logarithmic: bool = True,
    x_names: Sequence[str] = (),
) -> str:
    """Return the picture. The points of each line have positive numbers; ``x_names`` are the names of 0, 1, 2, …"""
    points = [point for line in lines.values() for point in line]
    x = Axis([number for number, _ in points], _LEFT, _WIDTH - _RIGHT, logarithmic)
    y = Axis([number for _, number in points], _HEIGHT - _BOTTOM, _TOP, logarithmic)
    height = _HEIGHT + _LEGEND * math.ceil(len(lines) / 2) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" font-family="sans-serif" '
        'font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for tick in x.ticks:
        name = f"{tick:,.0f}" if not x_names else (x_names[int(tick)] if tick < len(x_names) else "")
        place = x.place(tick)
        parts.append(f'<path d="M{place} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{place}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{escape(name)}</text>')
    for tick in y.ticks:
        place = y.place(tick)
        parts.append(f'<path d="M{_LEFT} {place}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{place + 4}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>')
    middle = (_HEIGHT - _BOTTOM + _TOP) / 2
    parts.append(
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">{escape(y_label)}</text>'
    )
    for number, (name, line) in enumerate(lines.items()):
        color = _COLORS[number % len(_COLORS)]
        # The first ten lines are whole, the next ones dashed.
        dashes = ' stroke-dasharray="6 3"' if number >= len(_COLORS) else ""
        path = " ".join(f"{x.place(one)},{y.place(other)}" for one, other in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{x.place(one)}" cy="{y.place(other)}" r="3" fill="{color}"/>' for one, other in line]
        left, top = 20 + number % 2 * _WIDTH / 2, _HEIGHT + 10 + _LEGEND * (number // 2)
        parts.append(f'<path d="M{left} {top}h24" stroke="{color}" stroke-width="3"{dashes}/>')
        parts.append(f'<text x="{left + 32}" y="{top + 4}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
