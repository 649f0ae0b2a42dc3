"""Draw the icons of kernels, so that a launcher tells environments apart.

An icon depends on the name alone: a browser keeps showing the icon that it has, also after an update of the packages.
"""

from __future__ import annotations

import re
import zlib
from xml.sax.saxutils import escape

#: Name of the file that Jupyter prefers to other icons.
NAME = "logo-svg.svg"
#: Backgrounds. White text on each has a contrast of at least 4.5 : 1.
_COLORS = ("#b3261e", "#a04000", "#7a5c00", "#2e7d32", "#00796b", "#01579b", "#303f9f", "#6a1b9a", "#ad1457", "#455a64")

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">
 <rect x="2" y="2" width="60" height="60" rx="10" fill="{color}"/>
 <g font-family="sans-serif" font-weight="bold" fill="#fff" text-anchor="middle">
  <text x="32" y="{baseline}" font-size="{size}">{letters}</text>
 </g>
</svg>
"""


def icon(name: str) -> str:
    """Return the icon of an environment as SVG: letters of its name on a color of its own."""
    color = _COLORS[zlib.crc32(name.encode("utf-8")) % len(_COLORS)]
    shown = letters(name)
    size = 24 if len(shown) <= 3 else 16
    return _SVG.format(color=color, letters=escape(shown), size=size, baseline=32 + size // 3)


def letters(name: str) -> str:
    """Return up to five characters for a name: the first of each of its words, or the first ones of its only word."""
    words = re.findall(r"[^\W_]+", name)
    if len(words) < 2:
        return (words[0] if words else name)[:5]
    return "".join(word[0] for word in words[:5])
