"""Read uv's configuration: ``uv.toml`` and the variables ``UV_*``.

uv itself is run without its files, because they can lead a command out of the environment (``target``, ``prefix``,
``python``). What decides which packages are found and how is passed to it as variables (https://docs.astral.sh/uv/
reference/settings/ and https://docs.astral.sh/uv/reference/environment/ list both).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli

from ..disk.reads import BoundedReads
from ..sentences import say
from .models import Source
from .places import located

#: Variables that uv gets as they are. The others of uv's choose what is changed, or weaken a check.
_PASSED = re.compile(
    r"UV_(INDEX_STRATEGY|INDEX_\w+_(USERNAME|PASSWORD)|KEYRING_PROVIDER|INSECURE_HOST|SYSTEM_CERTS|NATIVE_TLS|HTTP_\w+|"
    r"REQUEST_TIMEOUT|OFFLINE|CACHE_DIR|LINK_MODE|PRERELEASE|RESOLUTION|EXCLUDE_NEWER|TORCH_BACKEND|CONCURRENT_\w+|"
    r"CREDENTIALS_DIR|LOCK_TIMEOUT|GIT_LFS|\w+_ENDPOINT_URL)"
)
#: Variables that name files, separated by spaces.
_OF_FILES = ("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE")
#: Settings of ``uv.toml`` with the variable that means the same.
_SETTINGS = {
    "index-strategy": "UV_INDEX_STRATEGY",
    "keyring-provider": "UV_KEYRING_PROVIDER",
    "allow-insecure-host": "UV_INSECURE_HOST",
    "native-tls": "UV_SYSTEM_CERTS",
    "system-certs": "UV_SYSTEM_CERTS",
    "offline": "UV_OFFLINE",
    "cache-dir": "UV_CACHE_DIR",
    "link-mode": "UV_LINK_MODE",
    "prerelease": "UV_PRERELEASE",
    "resolution": "UV_RESOLUTION",
    "exclude-newer": "UV_EXCLUDE_NEWER",
    "torch-backend": "UV_TORCH_BACKEND",
    "concurrent-downloads": "UV_CONCURRENT_DOWNLOADS",
    "concurrent-builds": "UV_CONCURRENT_BUILDS",
    "concurrent-installs": "UV_CONCURRENT_INSTALLS",
    "http-proxy": "HTTP_PROXY",
    "https-proxy": "HTTPS_PROXY",
    "no-proxy": "NO_PROXY",
}
#: Settings that decide which packages are found, but that no variable can express.
_NOT_FOLLOWED = ("constraint-dependencies", "override-dependencies", "exclude-dependencies", "dependency-metadata")
_NOT_FOLLOWED_OF_INDEX = ("authenticate", "ignore-error-codes")


@dataclass
class UvConfiguration:
    """What uv is configured with.

    ``indexes`` and ``find_links`` are None if uv's configuration does not name any, and ``no_index`` if it does not
    say. ``no_build`` and ``no_binary`` are names of projects, or ``:all:``.
    """

    variables: dict[str, str] = field(default_factory=dict)
    indexes: list[Source] | None = None
    find_links: list[Source] | None = None
    no_index: bool | None = None
    no_build: list[str] = field(default_factory=list)
    no_binary: list[str] = field(default_factory=list)


def load(environ: Mapping[str, str], here: Path, warnings: list[str]) -> UvConfiguration:
    """Return uv's configuration; add a warning for each file that cannot be read, and each setting not followed.

    Paths in variables are relative to the directory ``here``, and paths in a file to the file.
    """
    found = UvConfiguration()
    for path in _files(environ):
        try:
            document = tomli.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            warnings.append(
                say(
                    "uv's configuration file {path} is ignored: {strerror}.",
                    path=path,
                    strerror=error.strerror or say("it cannot be read"),
                )
            )
        # Neither error is quoted: a line can hold a password.
        except ValueError:
            warnings.append(say("uv's configuration file {path} is ignored: it is not valid TOML.", path=path))
        else:
            _add(found, document, path, warnings)
    _override(found, environ, here)
    return found


def _files(environ: Mapping[str, str]) -> list[Path]:
    """Return the files that exist, highest precedence first."""
    if environ.get("UV_CONFIG_FILE"):
        return [Path(environ["UV_CONFIG_FILE"]).absolute()]
    if environ.get("UV_NO_CONFIG", "").lower() in ("1", "true", "yes", "on", "t", "y"):
        return []
    if sys.platform == "win32":
        users = [environ.get("APPDATA", "")]
        systems = [environ.get("PROGRAMDATA", "")]
    else:
        users = [environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or Path.home(), ".config"))]
        systems = [*(environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep), "/etc"]
    own, shared = ([Path(folder, "uv", "uv.toml") for folder in listed if folder] for listed in (users, systems))
    is_file = _is_file.run([*own, *shared])
    # Of the files for the whole machine, uv reads the first one.
    return [*(path for path in own if is_file[path] is True), *[path for path in shared if is_file[path] is True][:1]]


def _add(found: UvConfiguration, document: Mapping[str, Any], path: Path, warnings: list[str]) -> None:
    """Add one file. What an earlier file says has precedence; lists are joined, as uv does."""
    pip = document.get("pip")
    settings = {**document, **(pip if isinstance(pip, dict) else {})}
    for key, variable in _SETTINGS.items():
        if key in settings and variable not in found.variables:
            found.variables[variable] = _text(settings[key])
    if "UV_CACHE_DIR" in found.variables:
        found.variables["UV_CACHE_DIR"] = str(path.parent / found.variables["UV_CACHE_DIR"])
    tables = [table for table in _listed(settings.get("index")) if isinstance(table, dict) and table.get("url")]
    indexes = [_source(table, path.parent) for table in tables if not table.get("explicit")]
    indexes += [Source(located(str(url), path.parent)) for url in _listed(settings.get("extra-index-url"))]
    if settings.get("index-url"):
        indexes.append(Source(located(str(settings["index-url"]), path.parent), is_default=True))
    links = [Source(located(str(each), path.parent), is_flat=True) for each in _listed(settings.get("find-links"))]
    links += [source for source in indexes if source.is_flat]
    indexes = [source for source in indexes if not source.is_flat]
    if indexes:
        found.indexes = [*(found.indexes or []), *indexes]
    if links:
        found.find_links = [*(found.find_links or []), *links]
    if found.no_index is None and isinstance(settings.get("no-index"), bool):
        found.no_index = settings["no-index"]
    for names, switch, key in (
        (found.no_build, "no-build", "no-build-package"),
        (found.no_binary, "no-binary", "no-binary-package"),
    ):
        given = settings.get(switch)
        names += [":all:"] if given is True else [str(name) for name in _listed(given)] if given else []
        names += [str(name) for name in _listed(settings.get(key))]
    names = [key for key in _NOT_FOLLOWED if settings.get(key)]
    names += [f"index.{key}" for key in _NOT_FOLLOWED_OF_INDEX if any(key in table for table in tables)]
    warnings += [say("{path}: the setting “{name}” is not followed.", path=path, name=name) for name in names]


def _override(found: UvConfiguration, environ: Mapping[str, str], here: Path) -> None:
    """Let the variables override the files."""
    found.variables.update({name: value for name, value in environ.items() if _PASSED.fullmatch(name) and value})
    if "UV_NATIVE_TLS" in found.variables:
        # The older name of the other, of which uv warns.
        found.variables.setdefault("UV_SYSTEM_CERTS", found.variables.pop("UV_NATIVE_TLS"))
    for name in _OF_FILES:
        if environ.get(name):
            found.variables[name] = " ".join(located(path, here) for path in environ[name].split())
    indexes = [
        _named(text, here) for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL") for text in environ.get(name, "").split()
    ]
    default = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL")
    if default:
        kept = [source for source in found.indexes or [] if not source.is_default]
        found.indexes = [*indexes, *kept, _named(default, here, is_default=True)]
    elif indexes:
        found.indexes = [*indexes, *(found.indexes or [])]
    if environ.get("UV_FIND_LINKS"):
        listed = environ["UV_FIND_LINKS"].split(",")
        found.find_links = [Source(located(text.strip(), here), is_flat=True) for text in listed if text.strip()]


def _source(table: Mapping[str, Any], base: Path) -> Source:
    return Source(
        located(str(table["url"]), base),
        str(table.get("name") or ""),
        is_default=table.get("default") is True,
        is_flat=table.get("format") == "flat",
    )


def _named(text: str, base: Path, *, is_default: bool = False) -> Source:
    """Return the index of a variable, ``NAME=URL`` or only ``URL``."""
    name, sign, url = text.partition("=")
    if not sign or ":" in name or "/" in name:
        name, url = "", text
    return Source(located(url, base), name, is_default=is_default)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


#: A drive that does not answer must not delay the other files.
_is_file = BoundedReads(Path.is_file)
