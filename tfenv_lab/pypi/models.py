"""Models of what a package index holds."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote, urlsplit

from msgspec import Struct

#: Start of a requirement that is meant for the package index, wherever conda's specs may stand.
MARK = "pypi:"
#: The version of a directory or a commit that only a build can tell.
UNKNOWN = "0"
#: Host of the files of PyPI's packages.
FILES_OF_PYPI = "files.pythonhosted.org"


class Distribution(Struct, frozen=True):
    """One file or source that a project is installed from, exactly as a lock holds it.

    ``name`` is normalized (PEP 503). ``url`` names a wheel, a source archive, a directory (``file:``) or a commit
    (``git+…@…``); it has no credentials. ``sha256`` is the hash of the file in hexadecimal digits; only directories and
    commits have none. ``size`` is that of the file in bytes, or None if the index does not say. ``requires`` are its
    dependencies (``Requires-Dist``), if they are known.
    """

    name: str
    version: str
    url: str
    sha256: str | None = None
    size: int | None = None
    requires: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The last part of the URL's path."""
        return unquote(urlsplit(self.url).path.rstrip("/").rsplit("/", 1)[-1])

    @property
    def origin(self) -> str:
        """Where it comes from, as users know it: the host of an index's files, or the URL of anything else."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if host == FILES_OF_PYPI:
            return "pypi.org"
        return host if parts.scheme in ("http", "https") and self.sha256 else self.url

    @property
    def is_wheel(self) -> bool:
        """Whether it can be installed without a build."""
        return self.filename.endswith(".whl")

    @property
    def known_version(self) -> str:
        """The version, or nothing if only a build can tell it."""
        return "" if self.version == UNKNOWN and self.sha256 is None else self.version

    @property
    def tag(self) -> str:
        """The wheel's compatibility tag, such as ``cp311-cp311-manylinux_2_28_x86_64``, or ``source``."""
        return "-".join(self.filename.removesuffix(".whl").split("-")[-3:]) if self.is_wheel else "source"


class Locked(Struct, frozen=True):
    """A package as a file locks it: one version of a project, with the files that it may be installed from.

    ``files`` are the wheels and source archives that the file names; a URL there can be relative. ``direct`` is an
    origin that is not an index: the URL of a repository, a directory or an archive, or a relative path. Without both,
    only the version is locked. ``marker`` says where the package counts (PEP 508), and ``requires`` are its
    dependencies, as far as the file has them. If it ``is_optional``, it counts only where another one requires it.
    """

    name: str
    version: str
    files: tuple[Distribution, ...] = ()
    direct: str = ""
    marker: str = ""
    requires: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def label(self) -> str:
        """The name and the version; pixi writes ``<dynamic>`` for one that only a build tells."""
        return f"{self.name} {'' if self.version.startswith('<') else self.version}".strip()


class IndexLock(Struct, frozen=True):
    """What a file says exactly about packages from an index.

    ``requested`` are the requirements that led to the locked ``packages``, if the file has them, and ``roots`` those
    that optional packages are reached from. ``hashes`` are the SHA-256 that packages may have which are not locked, by
    project, and ``places`` the indexes that the file names for those without a hash. ``groups`` and ``extras`` are the
    dependency groups and the extras that count in markers. With the ``detail`` ``versions``, the files do not count;
    with ``names``, the versions do not either. If the lock ``is_partial``, it leaves out what other packages need.
    """

    packages: tuple[Locked, ...] = ()
    requested: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    hashes: dict[str, tuple[str, ...]] = {}
    places: dict[str, tuple[str, ...]] = {}
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    detail: Literal["exact", "versions", "names"] = "exact"
    is_partial: bool = False


class IndexPolicy(Struct, frozen=True):
    """What the administrator decides about package indexes.

    ``python_index`` replaces the index that pip and uv are configured with. If ``allowed_indexes`` is not empty, other
    indexes are not read. ``allow_source_builds`` permits building from source, and ``allow_url_requirements``
    requirements that name a URL, a path or a repository. ``cache`` replaces uv's cache, if that cannot be used.
    """

    python_index: str = ""
    allowed_indexes: tuple[str, ...] = ()
    allow_source_builds: bool = True
    allow_url_requirements: bool = True
    offline: bool = False
    cache: str = ""


class Source(Struct, frozen=True):
    """A place that packages are looked for in: an index or, if it ``is_flat``, a list of files (``find-links``).

    ``url`` may hold credentials. ``name`` is that of an index in uv's configuration. Other indexes have precedence over
    the one that ``is_default``.
    """

    url: str
    name: str = ""
    is_default: bool = False
    is_flat: bool = False


class IndexSettings(Struct, frozen=True):
    """How uv is to be run: the variables that it gets, and the policy. Variables may hold credentials.

    ``options`` belong to every ``uv pip compile``, because uv has no variables for them; ``run`` adds them.
    ``warnings`` are sentences about what pip or uv is configured with and cannot be followed.
    """

    variables: dict[str, str]
    policy: IndexPolicy = IndexPolicy()
    options: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
