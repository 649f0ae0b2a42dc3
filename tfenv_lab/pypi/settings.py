"""Turn the configuration of pip and of uv, and what the administrator decides, into the variables that uv gets.

uv does not read pip's configuration. If uv has an own setting for something, that counts; otherwise pip's does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..disk import paths
from ..disk.reads import BoundedReads
from ..errors import IndexNotAllowed
from ..sentences import say
from . import pip_configuration, uv_configuration
from .models import FILES_OF_PYPI, IndexPolicy, IndexSettings, Source
from .places import current_directory, flaw, is_below, is_url, located, path_of, shown, without_credentials

#: The index of pip and uv if none is configured.
PYPI = "https://pypi.org/simple"
#: Options of pip with the variables of uv that mean the same.
_OPTIONS = {"client-cert": "SSL_CLIENT_CERT", "timeout": "UV_HTTP_TIMEOUT", "retries": "UV_HTTP_RETRIES"}
_FILES = {"constraint": "UV_CONSTRAINT", "build-constraint": "UV_BUILD_CONSTRAINT"}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY")
#: Files of the system's certificates on Linux. Without one, uv must use the certificates that it brings.
_SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_TRUE, _FALSE = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")


def read(policy: IndexPolicy, environ: Mapping[str, str] = os.environ) -> IndexSettings:
    """Return how uv is to be run. This reads the disk, so it must not run on the event loop.

    Relative paths of pip and of variables are relative to the current directory, as for pip and uv.
    """
    here = current_directory()
    warnings: list[str] = []
    uv = uv_configuration.load(environ, here, warnings)
    pip = pip_configuration.load(environ, warnings)
    # Those of the proxies are in the first part, if they are valid.
    own = {name: value for name, value in uv.variables.items() if name not in _PROXIES}
    variables = {**_network(pip, uv.variables, environ, here, warnings), **_files(pip, here, warnings), **own}
    if "pre" in pip and _is_true(pip, "pre", warnings):
        variables.setdefault("UV_PRERELEASE", "allow")
    if "uploaded-prior-to" in pip:
        variables.setdefault("UV_EXCLUDE_NEWER", pip["uploaded-prior-to"])
    places, no_index = _places(pip, uv, here, warnings)
    if uv.indexes is None and sum(not place.is_flat for place in places) > 1:
        # pip takes the best version of all indexes.
        variables.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if policy.python_index:
        places, no_index = [Source(located(policy.python_index, here), is_default=True)], False
    if policy.python_index or policy.allowed_indexes:
        # It would add indexes.
        variables.pop("UV_TORCH_BACKEND", None)
    places = [place for place in places if _can_be_read(place, policy, warnings)]
    if policy.offline:
        variables["UV_OFFLINE"] = "1"
    if policy.cache:
        variables["UV_CACHE_DIR"] = policy.cache
    options = _options(pip, uv, policy)
    if no_index or all(place.is_flat for place in places):
        options = ("--no-index", *options)
    return IndexSettings({**variables, **_as_variables(places)}, policy, options, tuple(dict.fromkeys(warnings)))


def sources(settings: IndexSettings) -> list[Source]:
    """Return the places that packages are looked for in, with their credentials; the default index is the last one."""
    variables = settings.variables
    links = [Source(url, is_flat=True) for url in variables.get("UV_FIND_LINKS", "").split(",") if url]
    if "--no-index" in settings.options:
        return links
    default = variables.get("UV_DEFAULT_INDEX") or PYPI
    return [*links, *map(_named, variables.get("UV_INDEX", "").split()), _named(default, is_default=True)]


def is_allowed(url: str, policy: IndexPolicy) -> bool:
    """Return whether the administrator allows a place of packages."""
    here = current_directory()
    allowed = [located(text, here) for text in policy.allowed_indexes]
    return not allowed or any(is_below(located(url, here), root) for root in allowed)


def require_allowed(url: str, policy: IndexPolicy) -> None:
    """Raise IndexNotAllowed if an index, or another place of packages, is not among the allowed ones."""
    if not is_allowed(url.removeprefix("git+"), policy):
        raise IndexNotAllowed(say("The package index {url} is not allowed.", url=shown(url)))


def is_configured(url: str, settings: IndexSettings) -> bool:
    """Return whether a file's URL is in a place that is configured: the host of an index, or a directory of one.

    If the administrator allows only certain indexes, it must be below one of them. PyPI has its files on another host.
    """
    if not is_url(url):
        return False
    files = without_credentials(url)
    if urlsplit(files).hostname == FILES_OF_PYPI:
        files = PYPI
    if settings.policy.allowed_indexes and not is_allowed(files, settings.policy):
        return False
    here = urlsplit(files)
    for source in sources(settings):
        there = urlsplit(source.url)
        if here.scheme == "file" or there.scheme == "file":
            if is_below(files, source.url):
                return True
        elif here.scheme in ("http", "https") and _host(source.url) == _host(files):
            return True
    return False


def _host(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port


def _network(
    pip: Mapping[str, str], ours: Mapping[str, str], environ: Mapping[str, str], here: Path, warnings: list[str]
) -> dict[str, str]:
    """Return the variables for proxies, certificates and credentials; ``ours`` are those of uv's configuration."""
    found = {variable: pip[option] for option, variable in _OPTIONS.items() if option in pip}
    if "client-cert" in pip:
        path = here / paths.as_written(pip["client-cert"])
        found["SSL_CLIENT_CERT"] = str(path)
        if _kinds.run([path])[path] != "file":
            del found["SSL_CLIENT_CERT"]
            warnings.append(
                say("pip is configured with the client certificate {path}, which does not exist.", path=path)
            )
    given = {name: pip["proxy"] for name in _PROXIES if pip.get("proxy")}
    given.update({name: ours[name] for name in (*_PROXIES, "NO_PROXY") if name in ours})
    for name, value in given.items():
        url = value if "://" in value or not value or name == "NO_PROXY" else f"http://{value}"
        if url and name in _PROXIES and not is_url(url):
            warnings.append(say("A proxy in the configuration of pip or uv is not used: its URL is not valid."))
            continue
        # The lower-case variable has precedence.
        found.update({name: url, name.lower(): url})
    if pip.get("trusted-host"):
        found["UV_INSECURE_HOST"] = " ".join(pip["trusted-host"].split())
    if pip.get("keyring-provider"):
        # uv has no other provider. Without a choice pip uses the keyring only if it can ask the user for a password.
        is_off = pip["keyring-provider"] == "disabled"
        found["UV_KEYRING_PROVIDER"] = "disabled" if is_off else "subprocess"
    bundle = pip.get("cert")
    if bundle:
        path = here / paths.as_written(bundle)
        kind = _kinds.run([path])[path]
        if kind in ("file", "folder"):
            found["SSL_CERT_FILE" if kind == "file" else "SSL_CERT_DIR"] = str(path)
        else:
            warnings.append(say("pip is configured with the certificates {path}, which do not exist.", path=path))
    elif not {"UV_SYSTEM_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"} & {*ours, *environ} and has_certificates():
        # pip trusts the system's certificates, too.
        found["UV_SYSTEM_CERTS"] = "true"
    return found


def _files(pip: Mapping[str, str], here: Path, warnings: list[str]) -> dict[str, str]:
    """Return the variables for files that pip is configured with, as URLs, because a path can have spaces."""
    found = {}
    for option, variable in _FILES.items():
        urls = [located(text, here) for text in pip.get(option, "").split()]
        kinds = _kinds.run([path for url in urls if (path := path_of(url))])
        missing = [path for path, kind in kinds.items() if kind != "file"]
        warnings += [
            say("pip is configured with the constraints {path}, which do not exist.", path=path) for path in missing
        ]
        kept = [url for url in urls if path_of(url) not in missing]
        if kept:
            found[variable] = " ".join(kept)
    return found


def _places(
    pip: Mapping[str, str], uv: uv_configuration.UvConfiguration, here: Path, warnings: list[str]
) -> tuple[list[Source], bool]:
    """Return the places that are configured, and whether no index is to be read."""
    if uv.indexes is not None or uv.no_index is not None:
        indexes, no_index = uv.indexes or [], bool(uv.no_index)
    else:
        indexes = [Source(located(url, here)) for url in pip.get("extra-index-url", "").split()]
        if "index-url" in pip:
            indexes.append(Source(located(pip["index-url"].strip(), here), is_default=True))
        no_index = "no-index" in pip and _is_true(pip, "no-index", warnings)
    if not no_index and not any(place.is_default for place in indexes):
        indexes.append(Source(PYPI, is_default=True))
    links = uv.find_links
    if links is None:
        links = [Source(located(text, here), is_flat=True) for text in pip.get("find-links", "").split()]
    return [*links, *([] if no_index else indexes)], no_index


def _can_be_read(place: Source, policy: IndexPolicy, warnings: list[str]) -> bool:
    """Return whether a place exists and is allowed; add a warning if not, because uv would fail there."""
    why = flaw(place.url)
    if why is None and not is_allowed(place.url, policy):
        why = say("it is not among TfenvLab.allowed_indexes")
    path = path_of(place.url) if why is None else None
    if path is not None and _kinds.run([path])[path] != "folder":
        why = say("the directory does not exist")
    if why is not None:
        warnings.append(say("The package index {where} is not read: {why}.", where=shown(place.url), why=why))
    return why is None


def _options(pip: Mapping[str, str], uv: uv_configuration.UvConfiguration, policy: IndexPolicy) -> tuple[str, ...]:
    """Return the options that say which projects may be, or must be, built from source."""
    wheels = {*uv.no_build} or _names(pip.get("only-binary", ""))
    builds = {*uv.no_binary} or _names(pip.get("no-binary", ""))
    if not policy.allow_source_builds:
        wheels, builds = {":all:"}, set()
    return (
        *(part for name in sorted(wheels) for part in ("--only-binary", name)),
        *(part for name in sorted(builds) for part in ("--no-binary", name)),
    )


def _names(text: str) -> set[str]:
    """Return the projects of pip's ``no-binary`` or ``only-binary``: later ``:none:`` clears, ``:all:`` replaces."""
    found: set[str] = set()
    for name in text.replace(",", " ").split():
        found = set() if name == ":none:" else {name} if name == ":all:" else found | {name}
    return found


def _as_variables(places: Iterable[Source]) -> dict[str, str]:
    """Return the variables that name the places. Without a default index, the last one is the default."""
    places = list(places)
    # uv splits this one at commas, which a URL may hold.
    links = ",".join(place.url.replace(",", "%2C") for place in places if place.is_flat)
    indexes = sorted((place for place in places if not place.is_flat), key=lambda place: place.is_default)
    written = [f"{place.name}={place.url}" if place.name else place.url for place in indexes]
    return {
        **({"UV_FIND_LINKS": links} if links else {}),
        **({"UV_INDEX": " ".join(written[:-1])} if written[1:] else {}),
        **({"UV_DEFAULT_INDEX": written[-1]} if written else {}),
    }


def _named(text: str, *, is_default: bool = False) -> Source:
    name, sign, url = text.partition("=")
    is_named = bool(sign) and ":" not in name
    return Source(url if is_named else text, name if is_named else "", is_default)


def _is_true(pip: Mapping[str, str], option: str, warnings: list[str]) -> bool:
    value = pip[option].lower()
    if value not in (*_TRUE, *_FALSE):
        warnings.append(
            say("pip is configured with “{option}”, but its value is neither true nor false.", option=option)
        )
    return value in _TRUE


def has_certificates() -> bool:
    return not sys.platform.startswith("linux") or any(Path(path).exists() for path in _SYSTEM_CERTIFICATES)


def _kind(path: Path) -> str:
    return "folder" if path.is_dir() else "file" if path.is_file() else "nothing"


#: A drive that does not answer counts as missing, because uv would wait for it.
_kinds = BoundedReads(_kind)
