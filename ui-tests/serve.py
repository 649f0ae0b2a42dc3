"""Serve JupyterLab for the browser tests of one situation: ``serve.py real|small|slow|unreachable PORT``.

Each server has a home of its own, removed with it, and writes its log to ``.reports``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def channels(situation: str, folder: Path) -> list[str]:
    """Return the channels of a situation; an empty list leaves the configured ones."""
    if situation == "real":
        return os.environ.get("TFENV_CHANNELS", "").split()
    if situation == "small":
        from small_channel import small_channel

        return [small_channel(folder / "channel").url]
    if situation == "slow":
        from slow_channel import serve_slowly

        return [serve_slowly(folder)]
    # Nothing listens on the port that discards.
    return ["http://127.0.0.1:9/nowhere"]


def choices(folder: Path, home: Path) -> list[str]:
    """Configure a second directory for environments and a second allowed channel, and return the options for that."""
    from small_channel import extra_channel

    places = [home / ".conda" / "envs", folder / "scratch"]
    (home / ".condarc").write_text(f"envs_dirs: [{', '.join(map(str, places))}]\n")
    allowed = [(folder / "channel").as_uri(), extra_channel(folder / "extra").url]
    return [f"--TfenvLab.allowed_channels={url}" for url in allowed]


def german(folder: Path) -> str:
    """Make an empty language pack for German, without which JupyterLab does not offer it, and return its directory."""
    pack = folder / "language"
    (pack / "jupyterlab_language_pack_de_DE").mkdir(parents=True)
    (pack / "jupyterlab_language_pack_de_DE" / "__init__.py").touch()
    info = pack / "jupyterlab_language_pack_de_DE-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jupyterlab-language-pack-de-DE\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[jupyterlab.languagepack]\nde_DE = jupyterlab_language_pack_de_DE\n")
    return str(pack)


def main(situation: str, port: str) -> int:
    """Serve until told to end."""
    import platformdirs

    cache = platformdirs.user_cache_path("tfenv_lab") / "test-packages"
    with tempfile.TemporaryDirectory(prefix=f"tfenv-ui-{situation}-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        home.mkdir()
        prefixes = ("CONDA", "JUPYTER", "XDG_", "MAMBA")
        env = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
        notebooks = Path(folder) / "notebooks"
        # The notebook for the screenshots is in this directory.
        (notebooks / "models").mkdir(parents=True)
        env |= {"HOME": str(home), "JUPYTERLAB_GALATA_ROOT_DIR": str(notebooks), "TF_CPP_MIN_LOG_LEVEL": "2"}
        if situation == "small":
            paths = [german(Path(folder)), os.environ.get("PYTHONPATH")]
            env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        if situation != "real":
            # The small channels' packages are to be chosen, and no index may answer for a channel that does not.
            env["PIP_NO_INDEX"] = "1"
        # Downloads of real packages are shared with the next run; a slow one must start from nothing.
        packages = cache if situation == "real" else Path(folder) / "packages"
        command = [
            sys.executable, "-m", "jupyterlab", f"--port={port}",
            f"--config={HERE / 'jupyter_server_config.py'}",
            f"--TfenvLab.package_cache={packages}",
            *(f"--TfenvLab.channels={url}" for url in channels(situation, Path(folder))),
            *(choices(Path(folder), home) if situation == "small" else ()),
        ]  # fmt: skip
        log = HERE.parent / ".reports" / f"server-{situation}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("w") as stream:
            server = subprocess.Popen(
                command, cwd=home, env=env, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        runner = os.getppid()
        while True:
            try:
                return server.wait(2)
            except subprocess.TimeoutExpired:
                # A test runner that was killed could not end us.
                if os.getppid() != runner:
                    server.terminate()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
