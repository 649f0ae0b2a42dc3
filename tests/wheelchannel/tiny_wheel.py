"""Generate wheels of a few bytes."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

#: The time of every file: year, month, day, hour, minute, second.
MADE = (2024, 5, 6, 7, 8, 10)


def make_wheel(
    directory: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    files: Mapping[str, str | bytes] | None = None,
    executable: Sequence[str] = (),
    entry_points: str = "",
    metadata: str = "",
    pure: bool | None = None,
) -> Path:
    """Write a wheel. ``files`` defaults to one module, and ``metadata`` has additional header lines."""
    distribution = name.replace("-", "_")
    info = f"{distribution}-{version}.dist-info"
    headers = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
        *(f"Requires-Dist: {each}" for each in requires),
    ]
    root = tag.endswith("-none-any") if pure is None else pure
    contents = {
        **(files if files is not None else {f"{distribution}/__init__.py": f"__version__ = {version!r}\n"}),
        f"{info}/METADATA": "\n".join([*headers, *([metadata.strip()] if metadata else [])]) + "\n\nA description.\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: {str(root).lower()}\nTag: {tag}\n",
        **({f"{info}/entry_points.txt": entry_points} if entry_points else {}),
    }
    record = f"{info}/RECORD"
    rows = [f"{record},,"]
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{distribution}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in [*contents.items(), (record, "")]:
            data = (
                "\n".join(rows).encode()
                if member == record
                else content
                if isinstance(content, bytes)
                else content.encode()
            )
            entry = zipfile.ZipInfo(member, MADE)
            entry.external_attr = (0o100755 if member in executable else 0o100644) << 16
            archive.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{member},sha256={digest},{len(data)}")
    return path
