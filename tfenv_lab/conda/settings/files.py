"""Find, read and merge condarc files.

The search path is conda's (``SEARCH_PATH`` in conda/base/constants.py), and so are the merge rules ("Using the
.condarc conda configuration file" in conda's documentation). A later file replaces a single value. Lists are joined,
with the later file's elements first. Maps are joined, and the later file's keys win. A comment ``#!final``, ``#!top``
or ``#!bottom`` next to a key or a list element overrides that order.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...disk.reads import BoundedReads

log = logging.getLogger(__name__)

_FILENAMES = (".condarc", "condarc")
_YAML = (".yml", ".yaml")
_NAME = r"([A-Za-z_]\w*)"
#: Variables in the path given by ``CONDARC``, and in values, where ``%NAME%`` is a variable only on Windows.
_IN_PATH = re.compile(rf"\${_NAME}|\${{{_NAME}}}|%{_NAME}%")
_IN_VALUE = _IN_PATH if sys.platform == "win32" else re.compile(rf"\${_NAME}|\${{{_NAME}}}")

#: Directories for the whole machine, lowest precedence first.
SYSTEM_DIRS = ("C:/ProgramData/conda",) if sys.platform == "win32" else ("/etc/conda", "/var/lib/conda")


def expand_variables(text: str, env: Mapping[str, str], pattern: re.Pattern[str] = _IN_VALUE) -> str:
    """Replace ``$NAME`` and ``${NAME}`` with their values; unknown variables stay as they are."""
    return pattern.sub(lambda match: env.get(match[match.lastindex or 0], match[0]), text)


def _candidates(env: Mapping[str, str], home: Path, root: Path | None) -> Iterator[Path]:
    conda_root = env.get("CONDA_ROOT") or (str(root) if root else None)
    prefix = env.get("CONDA_PREFIX") or (str(root) if root else None)
    config = env.get("XDG_CONFIG_HOME")
    for folder in (
        *SYSTEM_DIRS,
        conda_root,
        f"{config}/conda" if config else None,
        str(home / ".config" / "conda"),
        str(home / ".conda"),
    ):
        if folder:
            yield from (Path(folder, ".condarc"), Path(folder, "condarc"), Path(folder, "condarc.d"))
    yield home / ".condarc"
    if prefix:
        yield from (Path(prefix, ".condarc"), Path(prefix, "condarc"), Path(prefix, "condarc.d"))
    if env.get("CONDARC"):
        text = expand_variables(env["CONDARC"], env, _IN_PATH)
        yield home / text[2:] if text.startswith("~/") else Path(text)


def search(env: Mapping[str, str], home: Path, root: Path | None) -> list[Path]:
    """Return the condarc files that exist, lowest precedence first. ``root`` is conda's own prefix."""
    found: dict[Path, None] = {}
    for path, files in _looks.run(_candidates(env, home, root)).items():
        if isinstance(files, list):
            found.update(dict.fromkeys(files))
        else:
            log.warning("Ignoring %s: %s", path, getattr(files, "strerror", None) or "it does not answer")
    return list(found)


def _files_at(path: Path) -> list[Path]:
    if path.is_dir():
        return [entry for entry in sorted(path.iterdir()) if entry.suffix in _YAML and entry.is_file()]
    return [path] if path.is_file() and (path.name in _FILENAMES or path.suffix in _YAML) else []


#: A drive that does not answer must not delay the other files.
_looks = BoundedReads(_files_at)


@dataclass(frozen=True)
class Setting:
    """Value of one key in one source. ``flags`` holds conda's flags by list index or map key."""

    value: Any
    final: bool = False
    flags: Mapping[Any, str] = field(default_factory=dict)


def _flag(comment: Any) -> str:
    """Return the flag in a ruamel comment token or a list of them: ``final``, ``top``, ``bottom`` or ``""``."""
    while isinstance(comment, list):
        comment = next((item for item in comment if item is not None), None)
    text = getattr(comment, "value", "")
    found = re.match(r"\s*#\s*!\s*(final|top|bottom)\b", text)
    return found[1] if found else ""


def _flags(node: Any) -> dict[Any, str]:
    comments = getattr(getattr(node, "ca", None), "items", {})
    return {key: flag for key, comment in comments.items() if (flag := _flag(list(comment)))}


def read(path: Path) -> dict[str, Setting]:
    """Return the keys of one condarc. If it cannot be read or parsed, log a warning and return none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # The round-trip loader builds only plain containers, and keeps the comments that carry flags.
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        # Later lines can quote the file, and a condarc can contain credentials.
        log.warning("Ignoring the configuration file %s: %s", path, str(error).partition("\n")[0])
        return {}
    if document is None:
        return {}
    if not isinstance(document, dict):
        log.warning("Ignoring the configuration file %s: it is not a mapping of settings", path)
        return {}
    flags = _flags(document)
    return {str(key): Setting(value, flags.get(key) == "final", _flags(value)) for key, value in document.items()}


def from_variables(env: Mapping[str, str], delimiters: Mapping[str, str]) -> dict[str, Setting]:
    """Return the settings in ``CONDA_*`` variables. ``delimiters`` maps the keys of lists to their delimiters."""
    settings = {}
    for name, text in env.items():
        key = name.removeprefix("CONDA_").lower()
        # An empty variable counts as unset, but it turns a switch off.
        if not name.startswith("CONDA_") or not (text.strip() or key == "offline"):
            continue
        value, _, final = text.partition("!important")
        if key in delimiters:
            parts = (part.partition("!important")[0].strip() for part in text.split(delimiters[key]))
            settings[key] = Setting([part for part in parts if part])
        else:
            settings[key] = Setting(value.strip(), bool(final))
    return settings


def _up_to_final(matches: list[Setting]) -> list[Setting]:
    for index, match in enumerate(matches):
        if match.final:
            return matches[: index + 1]
    return matches


def merge_value(matches: list[Setting]) -> Any:
    """Return the value that wins, or None if there is none. ``matches`` begins with the lowest precedence."""
    relevant = _up_to_final(matches)
    return relevant[-1].value if relevant else None


def merge_list(matches: list[Setting]) -> list[str]:
    """Return the joined list without duplicates: elements flagged ``top`` come first, ``bottom`` last."""
    relevant = [match for match in _up_to_final(matches) if isinstance(match.value, (list, tuple))]

    def marked(match: Setting, flag: str) -> list[str]:
        return [
            str(item) for index, item in enumerate(match.value) if match.flags.get(index) == flag and item is not None
        ]

    top = [item for match in relevant for item in marked(match, "top")]
    everything = [str(item) for match in reversed(relevant) for item in match.value if item is not None]
    # If several sources have bottom elements, those of the earliest source come last.
    bottom = dict.fromkeys(item for match in relevant for item in reversed(marked(match, "bottom")))
    return [item for item in dict.fromkeys((*top, *everything)) if item not in bottom] + list(reversed(bottom))


def merge_map(matches: list[Setting]) -> dict[str, Any]:
    """Return the joined map; a key flagged ``final`` cannot be set by a later source."""
    relevant = [match for match in _up_to_final(matches) if isinstance(match.value, Mapping)]
    merged: dict[str, Any] = {}
    for match in relevant:
        merged.update((str(key), value) for key, value in match.value.items())
    for match in reversed(relevant):
        merged.update(
            (str(key), match.value[key]) for key, flag in match.flags.items() if flag == "final" and key in match.value
        )
    return merged


@dataclass(frozen=True)
class Sources:
    """All sources of settings, lowest precedence first: files, then variables."""

    layers: tuple[tuple[str, Mapping[str, Setting]], ...]

    def matches(self, *names: str) -> list[Setting]:
        """Return the settings of a key in all sources; ``names`` are its name and its aliases."""
        found = (next((layer[name] for name in names if name in layer), None) for _, layer in self.layers)
        return [match for match in found if match is not None and match.value is not None]

    def merged(self, merge: Callable[[list[Setting]], Any], *names: str) -> Any:
        """Return the merged value of a key."""
        return merge(self.matches(*names))


def gather(env: Mapping[str, str], home: Path, root: Path | None) -> Sources:
    """Read every condarc and every ``CONDA_*`` variable."""
    layers = [(str(path), read(path)) for path in search(env, home, root)]
    delimiters = {
        "channels": ",",
        "channel": ",",
        "default_channels": ",",
        "pkgs_dirs": ",",
        "pinned_packages": "&",
        "envs_dirs": os.pathsep,
        "envs_path": os.pathsep,
    }
    return Sources((*layers, ("environment variables", from_variables(env, delimiters))))
