"""Find and read condarc files. The search path is conda's (``SEARCH_PATH`` in conda/base/constants.py)."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...disk.reads import BoundedReads
from ...sentences import say

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


_OF_CHANNELS = ("channels", "channel_alias", "custom_channels", "custom_multichannels", "default_channels")


class Warnings:
    """Messages about settings that are not followed. Each is logged, and kept for the status of the server.

    They are sentences that name the file and the line, and never quote a value, which can contain credentials.
    """

    def __init__(self) -> None:
        self.messages: list[str] = []
        #: The first message about a setting that decides which channels are used, or about a whole file.
        self.about_channels: str | None = None

    def add(self, message: str, key: str | None = None) -> None:
        """Log a message and keep it; one that is already kept is ignored. ``key`` is None for a whole file."""
        if message not in self.messages:
            log.warning("%s", message)
            self.messages.append(message)
        if self.about_channels is None and (key is None or key in _OF_CHANNELS):
            self.about_channels = message

    def ignored(self, path: Path, reason: str) -> None:
        """Say that a whole file is ignored."""
        self.add(say("The conda configuration file {path} is ignored: {reason}.", path=path, reason=reason))


def search(env: Mapping[str, str], home: Path, root: Path | None, warnings: Warnings) -> list[Path]:
    """Return the condarc files that exist, lowest precedence first. ``root`` is conda's own prefix."""
    found: dict[Path, None] = {}
    for path, files in _looks.run(_candidates(env, home, root)).items():
        if isinstance(files, list):
            found.update(dict.fromkeys(files))
        else:
            warnings.ignored(path, getattr(files, "strerror", None) or say("it does not answer"))
    return list(found)


def _files_at(path: Path) -> list[Path]:
    if path.is_dir():
        return [entry for entry in sorted(path.iterdir()) if entry.suffix in _YAML and entry.is_file()]
    return [path] if path.is_file() and (path.name in _FILENAMES or path.suffix in _YAML) else []


#: A drive that does not answer must not delay the other files.
_looks = BoundedReads(_files_at)


@dataclass(frozen=True)
class Setting:
    """Value of one key in one source. ``flags`` holds conda's flags by list index or map key.

    ``origin`` is where the user finds the key: a file with its line, or a variable.
    """

    value: Any
    final: bool = False
    flags: Mapping[Any, str] = field(default_factory=dict)
    origin: str = ""


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


def read(path: Path, warnings: Warnings) -> dict[str, Setting]:
    """Return the keys of one condarc. If it cannot be read or parsed, add a warning and return none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # The round-trip loader builds only plain containers, and keeps the comments that carry flags.
        document = YAML(typ="rt").load(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        warnings.ignored(path, error.strerror or say("it cannot be read"))
        return {}
    except (UnicodeDecodeError, YAMLError) as error:
        warnings.ignored(path, _fault(error))
        return {}
    if document is None:
        return {}
    if not isinstance(document, dict):
        warnings.ignored(path, say("it is not a mapping of settings"))
        return {}
    flags = _flags(document)
    return {
        str(key): Setting(
            value,
            flags.get(key) == "final",
            _flags(value),
            say("{path}, line {line}", path=path, line=_line(document, key)),
        )
        for key, value in document.items()
    }


def _line(document: Any, key: Any) -> int:
    return int(document.lc.key(key)[0]) + 1


def _fault(error: Exception) -> str:
    """Return why a file cannot be parsed, with the line. Quote nothing: a condarc can contain credentials."""
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.parser import ParserError
    from ruamel.yaml.reader import ReaderError
    from ruamel.yaml.scanner import ScannerError

    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return say("line {line} is not UTF-8 text", line=line)
    if isinstance(error, ReaderError):
        return say("it contains a character that YAML does not allow")
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if mark is None:
        return say("it is not valid YAML")
    if isinstance(error, DuplicateKeyError):
        return say("line {line} sets a key for the second time", line=mark.line + 1)
    # The problems of these two quote a single character or the name of a token.
    problem = error.problem if isinstance(error, (ParserError, ScannerError)) else None
    return say("line {line} is not valid YAML", line=mark.line + 1) + (
        f" ({problem.splitlines()[0]})" if problem else ""
    )
