"""What was asked for, change by change, as ``conda-meta/history`` says (format of conda/history.py)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_SPECS = re.compile(r"#\s*(\w+)\s*specs:\s*(.+)?")
_NAME = re.compile(r"(?:.*::)?\s*([A-Za-z0-9_][\w.-]*)")
_ADDS, _REMOVES = ("update", "install", "create", "neutered"), ("remove", "uninstall")
_PACKAGE = re.compile(r"/([^/]+)-[^/-]+-[^/-]+\.(?:conda|tar\.bz2)(?:[#?].*)?$")


def name_of(spec: str) -> str | None:
    """Return the package name in a spec's text: ``conda-forge::numpy>=1.2`` -> ``numpy``."""
    found = _PACKAGE.search(spec) or _NAME.match(spec.split("[", 1)[0].strip())
    return found[1].lower() if found else None


def _split_old(text: str) -> list[str]:
    """Split the list of conda < 4.5, where a comma also joins the versions of one spec."""
    specs: list[str] = []
    for part in text.split(","):
        if specs and re.match(r"\s*[<>=!~]", part):
            specs[-1] += "," + part
        else:
            specs.append(part)
    return specs


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield ``(action, specs)`` for every line of specs in a change that names its command."""
    for change in re.split(r"^==>.*<==\s*$", text, flags=re.MULTILINE)[1:]:
        if "# cmd:" not in change:
            continue
        for line in change.splitlines():
            found = _SPECS.match(line.strip())
            if not found:
                continue
            listed = (found[2] or "").strip()
            try:
                specs = list(ast.literal_eval(listed)) if listed.startswith("[") else _split_old(listed)
            except (ValueError, SyntaxError):
                continue
            yield (
                found[1],
                [str(spec).strip() for spec in specs if str(spec).strip() and not str(spec).endswith("@")],
            )


def requests(prefix: Path) -> dict[str, str]:
    """Return the specs by package name that the history leaves requested; empty where there is no history."""
    try:
        text = (prefix / "conda-meta" / "history").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    asked: dict[str, str] = {}
    for action, specs in _entries(text):
        for spec in specs:
            name = name_of(spec)
            if name is None:
                continue
            if action in _REMOVES:
                asked.pop(name, None)
            elif action in _ADDS:
                asked[name] = spec
    return asked
