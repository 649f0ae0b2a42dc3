"""Choose the channels to use: the configured channels if they answer, otherwise a local channel.

The local channel has only the Python of this machine, because TensorFlow comes from the package index. With
``--tensorflow``, it has TensorFlow too, for the tests. This script runs in ``.venv`` and prints its choice.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from setup import ROOT, environment

if TYPE_CHECKING:
    from tfenv_lab.conda.settings.condarc import CondaSettings

#: Seconds to wait for the answers of all configured channels together.
PATIENCE = 5.0
#: Modules (with arguments) that build a local channel, with Python alone and with TensorFlow, and print its URL.
PYTHON = ("tfenv_lab.wheelchannel", "build")
TENSORFLOW = ("tests.repacked",)
#: Files of which every channel has at least one.
REPODATA = ("noarch/repodata.json.zst", "noarch/repodata.json")


def answers(url: str, settings: CondaSettings) -> bool:
    """Return whether a channel (a URL without subdir) serves repodata, or asks for credentials."""
    if url.startswith("file:"):
        folder = Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path))
        return any((folder / name).is_file() for name in REPODATA)
    context = ssl.create_default_context()
    if isinstance(settings.ssl_verify, str) and Path(settings.ssl_verify).is_file():
        context.load_verify_locations(settings.ssl_verify)
    elif not settings.ssl_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context),
        urllib.request.ProxyHandler(settings.proxy_servers or None),
    )
    for name in REPODATA:
        request = urllib.request.Request(f"{url}/{name}", method="HEAD")
        try:
            with opener.open(request, timeout=PATIENCE):
                return True
        except urllib.error.HTTPError as error:
            # A channel that asks for credentials exists; the engine will send them.
            if error.code == 401 or settings.rules.credentials:
                return True
        except (OSError, ValueError):
            return False
    return False


def silent_channels(settings: CondaSettings) -> list[str]:
    """Ask all configured channels at once, and return the names of those that did not answer in time."""
    answered: set[str] = set()

    def ask(name: str, url: str) -> None:
        if answers(url, settings):
            answered.add(name)

    # Use daemon threads, because a host name lookup cannot be interrupted and must not delay the start.
    threads = [threading.Thread(target=ask, args=(ref.name, ref.url), daemon=True) for ref in settings.channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return [ref.name for ref in settings.channels if ref.name not in answered]


def local_channel(builder: Sequence[str]) -> str:
    """Build a local channel, unless it exists, and return its URL. Raises SystemExit if the build fails."""
    done = subprocess.run(
        [sys.executable, "-m", *builder],
        stdout=subprocess.PIPE, text=True, check=False, env=environment(), cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(
            "channel: the local channel could not be built (see the error above). Name a channel that\n"
            'answers, in ~/.condarc or with LAB_ARGS="--TfenvLab.channels=…".'
        )
    return done.stdout.split()[-1]


def index_variables() -> dict[str, str]:
    """Return variables with which a process in another home directory uses the same package index as this user.

    uv's downloads are kept between runs, apart from the user's own.
    """
    import platformdirs

    variables = {"UV_CACHE_DIR": str(platformdirs.user_cache_path("tfenv_lab") / "test-uv")}
    configuration = platformdirs.user_config_path()
    for name, path in (
        ("PIP_CONFIG_FILE", configuration / "pip" / "pip.conf"),
        ("UV_CONFIG_FILE", configuration / "uv" / "uv.toml"),
        ("NETRC", Path.home() / ".netrc"),
    ):
        if name not in os.environ and path.is_file():
            variables[name] = str(path)
    return variables


def choose(builder: Sequence[str] = PYTHON) -> list[str]:
    """Return the channels to name on the command line: none if the configured channels answer."""
    from tfenv_lab.conda.settings.condarc import load

    settings = load(os.environ)
    silent = silent_channels(settings)
    if settings.channels and not silent:
        print(
            f"channel: {', '.join(ref.name for ref in settings.channels)} (configured, and reachable)",
            flush=True,
        )
        return []
    print(f"channel: {', '.join(silent)} did not answer; using a local channel", flush=True)
    url = local_channel(builder)
    print(f"channel: {url}", flush=True)
    return [url]


if __name__ == "__main__":
    print(*choose(TENSORFLOW if "--tensorflow" in sys.argv else PYTHON))
