"""The channel of repacked wheels, with wheels of a few bytes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rattler import Channel, Gateway, VirtualPackage, install, solve

from ..wheelchannel.tiny_wheel import make_wheel
from .channel import build

TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"
PLATFORM = f"{TAG}-{TAG}-linux_x86_64"


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A channel of two releases, which need different versions of a library."""
    index = tmp_path / "index"
    for release, math in (("2.19.0", "math-kit<2"), ("2.19.1", "math-kit<2"), ("2.20.0", "math-kit>=2")):
        make_wheel(
            index,
            "tensorflow-cpu",
            release,
            tag=PLATFORM,
            requires=[math, "keras~=3.5", 'windows-only; sys_platform == "win32"', 'extra; extra == "more"'],
            files={
                "tensorflow/__init__.py": "import math_kit\n",
                "tensorflow/cli.py": "def main():\n    print('ran')\n",
            },
            entry_points="[console_scripts]\nsaved-model = tensorflow.cli:main\ntensorboard = tensorflow.cli:main\n",
        )
    for version in ("1.5", "2.5"):
        make_wheel(index, "math-kit", version, tag=PLATFORM)
    for version in ("3.5.1", "4.0"):
        make_wheel(index, "keras", version, entry_points="[console_scripts]\nkeras-cli = keras:main\n")
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return build(("2.19", "2.20"), ("keras",))


def named(channel: Path, subdir: str, name: str) -> list[dict[str, Any]]:
    packages = json.loads((channel / subdir / "repodata.json").read_text())["packages.conda"].values()
    return sorted((each for each in packages if each["name"] == name), key=lambda each: str(each["version"]))


def environment(channel: Path, root: Path) -> Path:
    async def make() -> None:
        found = await solve(
            [Channel(channel.as_uri())],
            ["tensorflow 2.19.*"],
            gateway=Gateway(cache_dir=root / "gateway"),
            platforms=["linux-64", "noarch"],
            virtual_packages=VirtualPackage.detect(),
        )
        await install(found, root / "env", cache_dir=root / "packages", show_progress=False)

    asyncio.run(make())
    return root / "env"


def test_tensorflow_has_conda_forges_shape_and_works(channel: Path, tmp_path: Path) -> None:
    thin, base = (named(channel, "linux-64", name) for name in ("tensorflow", "tensorflow-base"))
    assert [each["version"] for each in thin] == ["2.19.1", "2.20.0"]
    assert [each["version"] for each in named(channel, "linux-64", "math-kit")] == ["1.5", "2.5"]
    [keras] = named(channel, "noarch", "keras")
    assert (keras["version"], keras["noarch"]) == ("3.5.1", "python")
    for package, files in zip(thin, base, strict=True):
        assert package["build"].startswith(f"cpu_py{TAG[2:]}h")
        assert f"tensorflow-base =={files['version']} {files['build']}" in package["depends"]
        assert "keras ~=3.5" in files["depends"]
    assert base[0]["depends"][-1] == "math-kit <2"

    prefix = environment(channel, tmp_path)
    code = (
        "import tensorflow, importlib.metadata as m; d = m.distribution('tensorflow')\n"
        "print(tensorflow.math_kit.__version__, d.version, d.read_text('INSTALLER').strip())\n"
        "print([str(f) for f in d.files if not f.locate().exists()], tensorflow.__cached__)"
    )
    done = subprocess.run([prefix / "bin/python", "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "1.5 2.19.1 conda"
    assert second.startswith("[] ")
    assert Path(second.removeprefix("[] ")).is_file()
    assert subprocess.check_output([prefix / "bin/saved-model"], text=True) == "ran\n"
    assert (prefix / "bin/keras-cli").is_file()
    assert not (prefix / "bin/tensorboard").exists()


def test_it_is_built_once(channel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert build(("2.19", "2.20"), ("keras",)) == channel
