"""Read and write ``conda-meta/history``, where conda records an environment's changes and requested specs.

The format is conda's (conda/history.py), so that ``conda list --revisions`` and ``conda env export --from-history``
can read it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...disk import writes
from .records import channel_of, record_stem

if TYPE_CHECKING:
    from rattler import RepoDataRecord


def dist_string(record: RepoDataRecord) -> str:
    """Return conda's name for a channel's package: ``conda-forge/linux-64::numpy-2.0.0-py311_0``."""
    channel = channel_of(record.channel, record.subdir)
    split = urlsplit(channel)
    if split.scheme in ("http", "https"):
        # conda omits the host of the channel alias and keeps other hosts.
        path = split.path.strip("/")
        channel = path if split.netloc == "conda.anaconda.org" else f"{split.scheme}://{split.netloc}/{path}"
    return f"{channel}/{record.subdir}::{record_stem(record)}"


def append(
    prefix: Path,
    command: str,
    before: Iterable[RepoDataRecord],
    after: Iterable[RepoDataRecord],
    updated_specs: Iterable[str] = (),
    removed_specs: Iterable[str] = (),
) -> None:
    """Append one change to ``conda-meta/history``: command, changed packages, and updated and removed specs."""
    path = prefix / "conda-meta" / "history"
    path.parent.mkdir(parents=True, exist_ok=True)
    old, new = {dist_string(r) for r in before}, {dist_string(r) for r in after}
    lines = [f"==> {datetime.now().strftime('%Y-%m-%d %H:%M:%S')} <==", f"# cmd: {command}"]
    lines += [f"-{dist}" for dist in sorted(old - new)]
    lines += [f"+{dist}" for dist in sorted(new - old)]
    for action, specs in (("update", list(updated_specs)), ("remove", list(removed_specs))):
        if specs:
            lines.append(f"# {action} specs: {specs!r}")
    # Other programs wrote the earlier changes, perhaps in another encoding, so they are kept as bytes.
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        content += b"\n"
    writes.replace(path, content + ("\n".join(lines) + "\n").encode(errors="replace"))


_SPECS = re.compile(r"#\s*(\w+)\s*specs:\s*(.+)?")
_NAME = re.compile(r"(?:.*::)?\s*([A-Za-z0-9_][\w.-]*)")
_ADDS, _REMOVES = ("update", "install", "create", "neutered"), ("remove", "uninstall")
#: File name of a package, alone or at the end of a path or URL, perhaps with a hash.
_PACKAGE = re.compile(r"(?:^|[/\\:])([^/\\:\s]+)-[^/\\-]+-[^/\\-]+\.(?:conda|tar\.bz2)(?:[#?\[].*)?$")


def name_of(spec: str) -> str | None:
    """Return the package name in a spec: ``conda-forge::numpy>=1.2`` gives ``numpy``."""
    found = _PACKAGE.search(spec.strip()) or _NAME.match(spec.split("[", 1)[0].strip())
    return found[1].lower() if found else None


def clean(spec: str) -> str:
    """Return a spec without surrounding space and without characters that UTF-8 cannot hold (lone surrogates)."""
    return spec.strip().encode(errors="replace").decode()


def _split_old(text: str) -> list[str]:
    """Split a list that conda < 4.5 wrote, where a comma also joins the versions of one spec."""
    specs: list[str] = []
    for part in text.split(","):
        if specs and re.match(r"\s*[<>=!~]", part):
            specs[-1] += "," + part
        else:
            specs.append(part)
    return specs


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield ``(action, specs)`` for every line of specs in the changes that record their command."""
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
            except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
                # ast.literal_eval raises all of these, depending on the text.
                continue
            texts = [clean(spec) for spec in specs if isinstance(spec, str)]
            yield found[1], [text for text in texts if text and not text.endswith("@")]


def requests(prefix: Path) -> dict[str, str]:
    """Return the requested specs by package name according to the history; none if there is no history."""
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
