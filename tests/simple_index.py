"""Serve a small package index over HTTP: real wheels of a few bytes, as HTML (PEP 503) and as JSON (PEP 691)."""

from __future__ import annotations

import base64
import hashlib
import html
import http.server
import io
import json
import re
import shutil
import ssl
import subprocess
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tfenv_lab.pypi.models import Distribution, IndexPolicy, IndexSettings
from tfenv_lab.pypi.settings import read

from .wheelchannel.tiny_wheel import make_wheel

_JSON = "application/vnd.pypi.simple.v1+json"

#: Build backend that a source archive holds itself, so that a build needs no other package.
_BACKEND = """\
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    info = "{module}-{version}.dist-info"
    name = "{module}-{version}-py3-none-any.whl"
    contents = {{
        "{module}/__init__.py": "__version__ = '{version}'\\n",
        info + "/METADATA": {metadata!r},
        info + "/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    record = "".join(path + ",,\\n" for path in [*contents, info + "/RECORD"])
    with zipfile.ZipFile(directory + "/" + name, "w") as archive:
        for path, text in [*contents.items(), (info + "/RECORD", record)]:
            archive.writestr(path, text)
    return name
"""


@dataclass(frozen=True)
class _File:
    path: Path
    requires_python: str = ""
    yanked: bool | str = False
    uploaded: str = "2024-05-06T07:08:09Z"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def metadata(self) -> bytes | None:
        """The METADATA of a wheel (PEP 658)."""
        if self.path.suffix != ".whl":
            return None
        with zipfile.ZipFile(self.path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            return archive.read(name)


@dataclass
class SimpleIndex:
    """Package index on a free port of this machine.

    ``add`` wheels and ``add_source`` archives; ``url`` is the index, and ``directory`` holds its files, so it can also
    be used as ``find-links``. ``requests`` has ``(path, Authorization)`` of every request. With ``credentials`` every
    request needs them. Every answer waits for ``delay`` seconds, and for ``hold``, if that is set. For the files named
    in ``wrong_hashes``, the index announces a wrong hash. Without ``serves_json`` it has HTML only. With another
    ``status`` than 200, every answer is this error. ``kind`` is the content type of a page that is not JSON. With
    ``redirect``, every request is sent on to that server. ``pace`` is a number of bytes of a file and the seconds after
    each of these pieces. It also answers as a proxy would; with ``proxy_credentials``, these requests need them.
    With ``hides_hashes``, pages have no hashes. ``statuses`` and ``proxy_logins`` are those of all requests.
    """

    directory: Path
    credentials: tuple[str, str] | None = None
    proxy_credentials: tuple[str, str] | None = None
    delay: float = 0
    hold: threading.Event | None = None
    serves_json: bool = True
    status: int = 200
    kind: str = "text/html"
    redirect: str = ""
    #: Returns the status and the header Retry-After with which a path is refused, or None.
    busy: Callable[[str], tuple[int, str] | None] = lambda path: None
    pace: tuple[int, float] | None = None
    hides_hashes: bool = False
    wrong_hashes: set[str] = field(default_factory=set)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    proxy_logins: list[str] = field(default_factory=list)
    files: dict[str, dict[str, _File]] = field(default_factory=dict)
    port: int = 0
    scheme: str = "http"
    _server: http.server.ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The URL of the index, without credentials."""
        return f"{self.scheme}://127.0.0.1:{self.port}/simple/"

    @property
    def url_with_credentials(self) -> str:
        """The URL of the index with its credentials."""
        assert self.credentials is not None
        return self.url.replace("://", f"://{':'.join(quote(text, safe='') for text in self.credentials)}@")

    @property
    def settings(self) -> IndexSettings:
        """How uv is to be run so that it reads this index and no other."""
        return self.settings_with()

    def settings_with(self, **policy: Any) -> IndexSettings:
        """Return how uv is to be run with this index under a policy. The fixture has configured the index."""
        return read(IndexPolicy(**policy))

    def file_url(self, path: Path) -> str:
        """Return the URL of one file of the index."""
        return f"{self.scheme}://127.0.0.1:{self.port}/files/{path.name}"

    def add(
        self,
        name: str,
        version: str = "1.0",
        *,
        requires: Sequence[str] = (),
        files: Mapping[str, str | bytes] | None = None,
        scripts: Mapping[str, str] | None = None,
        entry_points: str = "",
        tag: str = "py3-none-any",
        requires_python: str = "",
        metadata: str = "",
        yanked: bool | str = False,
        uploaded: str = "2024-05-06T07:08:09Z",
    ) -> Path:
        """Add a wheel and return it.

        ``files`` defaults to one module, ``scripts`` are installed into ``bin``, ``metadata`` has additional header
        lines, and ``yanked`` is True or the reason.
        """
        module = name.replace("-", "_")
        given = files if files is not None else {f"{module}/__init__.py": f"__version__ = {version!r}\n"}
        programs = {f"{module}-{version}.data/scripts/{path}": text for path, text in (scripts or {}).items()}
        headers = [*([f"Requires-Python: {requires_python}"] if requires_python else []), metadata.strip()]
        path = make_wheel(
            self.directory,
            name,
            version,
            tag=tag,
            requires=requires,
            files={**given, **programs},
            executable=list(programs),
            entry_points=entry_points,
            metadata="\n".join(headers),
        )
        return self._list(name, _File(path, requires_python, yanked, uploaded))

    def distribution(self, path: Path, **fields: Any) -> Distribution:
        """Return what a lock has of one wheel or source archive, with ``fields`` replaced."""
        name, version = path.name.removesuffix(".tar.gz").split("-")[:2]
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        known = {"url": self.file_url(path), "sha256": sha256, "size": path.stat().st_size}
        return Distribution(name.replace("_", "-").lower(), version, **{**known, **fields})

    def add_source(
        self, name: str, version: str = "1.0", *, requires: Sequence[str] = (), backend: str | None = None
    ) -> Path:
        """Add a source archive that builds without other packages, and return it; ``backend`` builds it."""
        module = name.replace("-", "_")
        headers = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        metadata = "\n".join([*headers, *(f"Requires-Dist: {each}" for each in requires)]) + "\n"
        project = f'[project]\nname = "{name}"\nversion = "{version}"\ndependencies = {json.dumps(list(requires))}\n'
        build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        contents = {
            "PKG-INFO": metadata,
            "pyproject.toml": build + project,
            "backend.py": backend or _BACKEND.format(module=module, version=version, metadata=metadata),
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{module}-{version}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for file, text in contents.items():
                member = tarfile.TarInfo(f"{module}-{version}/{file}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return self._list(name, _File(path))

    def source_url(self, kind: str, name: str = "rough") -> str:
        """Add a source archive; return its URL, or that of the same files in a ``directory`` or ``repository``."""
        archive = self.add_source(name)
        if kind == "archive":
            return archive.as_uri()
        folder = self.directory.parent / f"{name}-{kind}"
        shutil.unpack_archive(archive, folder)
        [inside] = folder.iterdir()
        if kind == "directory":
            return inside.as_uri()
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost"]
        for line in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "Begin"]):
            subprocess.run(["git", *line], cwd=inside, check=True)
        return f"git+{inside.as_uri()}"

    def up(self, tls: ssl.SSLContext | None = None) -> None:
        """Start to answer, over HTTPS with ``tls``; after ``down`` at the same address."""
        index = self

        class Handler(_Handler):
            served = index

        self._server = _Server(("127.0.0.1", self.port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.scheme = "http" if tls is None else "https"
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def count(self, ending: str) -> int:
        """Return how many requests had a path with this ending."""
        return sum(path.endswith(ending) for path, _ in self.requests)

    def _list(self, name: str, file: _File) -> Path:
        self.files.setdefault(re.sub(r"[-_.]+", "-", name).lower(), {})[file.path.name] = file
        return file.path


def _basic(credentials: tuple[str, str] | None) -> str | None:
    """Return the header for credentials (RFC 7617)."""
    return None if credentials is None else "Basic " + base64.b64encode(":".join(credentials).encode()).decode()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about a client that was killed."""


class _Handler(http.server.BaseHTTPRequestHandler):
    served: SimpleIndex
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        index = self.served
        path = self.path.partition("?")[0]
        given = self.headers.get("Authorization")
        index.requests.append((path, given))
        if self.headers.get("Proxy-Authorization"):
            index.proxy_logins.append(self.headers["Proxy-Authorization"])
        if index.hold is not None:
            index.hold.wait()
        time.sleep(index.delay)
        # A proxy is asked for a whole URL.
        is_proxy, path = "://" in path, re.sub(r"^\w+://[^/]+", "", path)
        if is_proxy and self.headers.get("Proxy-Authorization") != _basic(index.proxy_credentials):
            self._answer(407, b"the proxy requires credentials", {"Proxy-Authenticate": 'Basic realm="proxy"'})
        elif index.credentials and given != _basic(index.credentials):
            self._answer(401, b"credentials are required", {"WWW-Authenticate": 'Basic realm="index"'})
        elif index.redirect:
            self._answer(302, b"", {"Location": index.redirect + path})
        elif (refused := index.busy(self.path)) is not None:
            self._answer(refused[0], b"busy", {"Retry-After": refused[1]})
        elif index.status != 200:
            self._answer(index.status, b"failed")
        elif path.startswith("/simple/"):
            self._answer_page(path.removeprefix("/simple/").strip("/"))
        else:
            self._answer_file(path.removeprefix("/files/"))

    do_HEAD = do_GET

    def _answer_page(self, name: str) -> None:
        index = self.served
        if name and name not in index.files:
            self._answer(404, b"no such project")
            return
        is_json = index.serves_json and _JSON in self.headers.get("Accept", "")
        if not name:
            listed: Any = {"projects": [{"name": each} for each in index.files]}
            links = "".join(f'<a href="{each}/">{each}</a>\n' for each in index.files)
        else:
            described = [self._describe(file) for file in index.files[name].values()]
            listed = {"name": name, "files": described}
            links = "".join(map(_anchor, described))
        page = f"<!DOCTYPE html><html><body>\n{links}</body></html>"
        text = json.dumps({"meta": {"api-version": "1.1"}, **listed}) if is_json else page
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        headers = {"Content-Type": _JSON if is_json else self.served.kind, "ETag": tag, "Cache-Control": "max-age=0"}
        if self.headers.get("If-None-Match") == tag:
            self._answer(304, b"", headers)
        else:
            self._answer(200, text.encode(), headers)

    def _describe(self, file: _File) -> dict[str, Any]:
        metadata = file.metadata
        digest = "0" * 64 if file.path.name in self.served.wrong_hashes else file.sha256
        return {
            "filename": file.path.name,
            "url": f"../../files/{file.path.name}",
            "hashes": {} if self.served.hides_hashes else {"sha256": digest},
            "size": file.path.stat().st_size,
            "upload-time": file.uploaded,
            "yanked": file.yanked,
            **({"requires-python": file.requires_python} if file.requires_python else {}),
            **({"core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()}} if metadata else {}),
        }

    def _answer_file(self, name: str) -> None:
        files = {key: file for listed in self.served.files.values() for key, file in listed.items()}
        if name in files:
            self._answer(200, files[name].path.read_bytes())
        elif name.removesuffix(".metadata") in files and (metadata := files[name.removesuffix(".metadata")].metadata):
            self._answer(200, metadata)
        else:
            self._answer(404, b"no such file")

    def _answer(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.served.statuses.append(status)
        try:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            if status != 304:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self._send(content)
        except ConnectionError:
            self.close_connection = True

    def _send(self, content: bytes) -> None:
        size, pause = (len(content) or 1, 0.0)
        if self.served.pace is not None and self.path.startswith("/files/"):
            size, pause = self.served.pace
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            time.sleep(pause)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _anchor(file: Mapping[str, Any]) -> str:
    attributes = {
        "href": file["url"] + "".join(f"#{kind}={digest}" for kind, digest in file["hashes"].items()),
        **({"data-requires-python": file["requires-python"]} if "requires-python" in file else {}),
        **({"data-core-metadata": f"sha256={file['core-metadata']['sha256']}"} if "core-metadata" in file else {}),
        **({"data-yanked": "" if file["yanked"] is True else file["yanked"]} if file["yanked"] else {}),
    }
    written = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<a {written}>{file['filename']}</a><br>\n"
