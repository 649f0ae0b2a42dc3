"""Read pip's configuration: its files and the variables ``PIP_*``.

pip documents the files and their order (https://pip.pypa.io/en/stable/topics/configuration/); the order of sections is
that of ``ConfigOptionParser`` in ``pip/_internal/cli/parser.py``.
"""

from __future__ import annotations

import configparser
import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from ..disk.reads import BoundedReads
from ..sentences import say

#: Other names of options that can be in the configuration.
_ALIASES = {"default-timeout": "timeout", "pypi-url": "index-url"}
#: Sections of which ``pip install`` reads the options; the last one has precedence.
_SECTIONS = ("global", "install")
#: Directory for the whole machine, in addition to those of ``XDG_CONFIG_DIRS``.
ETC = Path("/etc")


def files(environ: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files that exist, lowest precedence first."""
    given = environ.get("PIP_CONFIG_FILE")
    # pip skips all files if the variable names the null device.
    if given == os.devnull:
        return []
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    home = _home(environ)
    own = (
        []
        if given and Path(given).exists()
        else [home / ("pip" if sys.platform == "win32" else ".pip"), _user(environ, home)]
    )
    folders = [*_global(environ), *own, Path(sys.prefix)]
    candidates = [*(folder / name for folder in folders), *([Path(given)] if given else [])]
    found = _is_file.run(candidates)
    return [path for path in candidates if found[path] is True]


def load(environ: Mapping[str, str], warnings: list[str]) -> dict[str, str]:
    """Return the options that ``pip install`` would have, by long name; add a warning for each unreadable file.

    Options without a value are left out. Several values of one option are in one string, as pip keeps them.
    """
    merged: dict[tuple[str, str], str] = {}
    for path in files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(path.read_text(encoding=locale.getpreferredencoding(False)))
        # Neither error is quoted: a line can hold a password.
        except (configparser.Error, UnicodeDecodeError):
            warnings.append(say("pip's configuration file {path} is ignored: it is not valid.", path=path))
        except OSError as error:
            warnings.append(
                say(
                    "pip's configuration file {path} is ignored: {strerror}.",
                    path=path,
                    strerror=error.strerror or say("it cannot be read"),
                )
            )
        else:
            for section in _SECTIONS:
                if parser.has_section(section):
                    merged.update({(section, _normalized(key)): value for key, value in parser.items(section)})
    found: dict[str, str] = {}
    for section in _SECTIONS:
        found.update({key: value for (of, key), value in merged.items() if of == section and value})
    for name, value in environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE" and value:
            found[_normalized(name[4:])] = value
    return found


def _normalized(key: str) -> str:
    name = key.lower().replace("_", "-").removeprefix("--")
    return _ALIASES.get(name, name)


def _home(environ: Mapping[str, str]) -> Path:
    named = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    return Path(named) if named else Path.home()


def _global(environ: Mapping[str, str]) -> list[Path]:
    if sys.platform in ("win32", "darwin"):
        return [Path(platformdirs.site_config_dir("pip", appauthor=False))]
    listed = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [*(Path(folder, "pip") for folder in listed.split(os.pathsep) if folder), ETC]


def _user(environ: Mapping[str, str], home: Path) -> Path:
    if sys.platform == "win32":
        return Path(platformdirs.user_config_dir("pip", appauthor=False, roaming=True))
    if sys.platform == "darwin":
        folder = home / "Library" / "Application Support" / "pip"
        return folder if folder.is_dir() else home / ".config" / "pip"
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "pip")


#: A drive that does not answer must not delay the other files.
_is_file = BoundedReads(Path.is_file)
