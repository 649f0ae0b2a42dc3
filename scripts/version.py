"""Set the version of a release, which the package, its front end, the recipe and the changelog have.

jupyter-releaser runs it: its markers in the changelog enclose the section of the release.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The files with the version, and the text before it.
PLACES = {
    "tfenv_lab/_version.py": '__version__ = "',
    "package.json": '"version": "',
    "recipe/recipe.yaml": '  version: "',
}
#: The markers of jupyter-releaser.
START, END = "<!-- <START NEW CHANGELOG ENTRY> -->", "<!-- <END NEW CHANGELOG ENTRY> -->"
#: A version that Python, npm and conda accept alike.
VERSION = re.compile(r"\d+\.\d+\.\d+")


def released(changelog: str, version: str) -> str:
    """Return the changelog with what is unreleased as the section of a version, between the markers."""
    text = changelog.replace(f"{START}\n\n", "").replace(f"\n{END}\n", "")
    before, heading, rest = text.partition("## Unreleased\n")
    if not heading:
        raise ValueError("CHANGELOG.md has no section “Unreleased”.")
    section, another, older = rest.partition("\n## ")
    return f"{before}{heading}\n{START}\n\n## {version}\n{section.rstrip()}\n\n{END}\n{another}{older}"


def main(root: Path, version: str) -> None:
    """Write a version everywhere."""
    if not VERSION.fullmatch(version):
        raise ValueError(f"“{version}” is not a version of three numbers, such as 0.2.0.")
    texts = {root / name: (root / name).read_text(encoding="utf-8") for name in [*PLACES, "CHANGELOG.md"]}
    for name, before in PLACES.items():
        path = root / name
        texts[path], count = re.subn(f'{re.escape(before)}[^"]*"', f'{before}{version}"', texts[path], count=1)
        if count != 1:
            raise ValueError(f"{name} has no version.")
    texts[root / "CHANGELOG.md"] = released(texts[root / "CHANGELOG.md"], version)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main(ROOT, *sys.argv[1:])
    except (TypeError, ValueError) as error:
        sys.exit(f"usage: python scripts/version.py X.Y.Z\n{error}")
