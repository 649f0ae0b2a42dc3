"""Test the package index of the tests: uv reads it as it reads any other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import uv

from .simple_index import SimpleIndex


class Tools:
    """uv, run with the variables of the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [uv.find_uv_bin(), "--no-config", *arguments],
            cwd=self.directory,
            env={**os.environ, "UV_PYTHON": sys.executable, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def compile(self, *requirements: str) -> subprocess.CompletedProcess[str]:
        (self.directory / "in.txt").write_text("\n".join(requirements))
        return self.run("pip", "compile", "in.txt", "--format", "pylock.toml", "--no-header")

    def install(self, *requirements: str) -> subprocess.CompletedProcess[str]:
        return self.run("pip", "install", "--target", "installed", *requirements)


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


@pytest.mark.parametrize("serves_json", [True, False])
def test_uv_resolves_with_hashes(simple_index: SimpleIndex, tools: Tools, serves_json: bool) -> None:
    simple_index.serves_json = serves_json
    wheel = simple_index.add("alpha", "1.0", requires=["beta"])
    simple_index.add("beta", "2.0", uploaded="2025-01-02T03:04:05Z")
    simple_index.add("beta", "3.0", yanked="broken")
    simple_index.add("beta", "4.0", requires_python=">=4")
    done = tools.compile("alpha")
    assert 'version = "2.0"' in done.stdout, done.stderr
    assert simple_index.file_url(wheel) in done.stdout
    assert ("upload-time = 2025-01-02T03:04:05Z" in done.stdout) is serves_json
    # The metadata beside the wheels is enough.
    assert simple_index.count(".whl.metadata") == 2
    assert simple_index.count(".whl") == 0


def test_uv_installs_a_wheel_and_builds_a_source_archive(simple_index: SimpleIndex, tools: Tools) -> None:
    simple_index.add("alpha", "1.0", scripts={"hello": "#!python\nprint('hello')\n"}, requires=["gamma"])
    simple_index.add_source("gamma", "0.5")
    done = tools.install("alpha")
    assert done.returncode == 0, done.stderr
    assert (tools.directory / "installed" / "gamma" / "__init__.py").read_text() == "__version__ = '0.5'\n"
    assert (tools.directory / "installed" / "bin" / "hello").exists()


def test_a_wrong_hash_is_noticed(simple_index: SimpleIndex, tools: Tools) -> None:
    simple_index.wrong_hashes.add(simple_index.add("alpha").name)
    (tools.directory / "pylock.toml").write_text(tools.compile("alpha").stdout)
    done = tools.install("-r", "pylock.toml")
    assert "Hash mismatch" in done.stderr


def test_credentials_are_demanded(simple_index: SimpleIndex, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    simple_index.add("alpha")
    simple_index.credentials = ("user", "secret")
    assert tools.compile("alpha").returncode != 0
    monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
    done = tools.compile("alpha")
    assert done.returncode == 0, done.stderr
    assert "secret" not in done.stdout


def test_it_goes_down_and_comes_back(simple_index: SimpleIndex, tools: Tools) -> None:
    simple_index.add("alpha")
    simple_index.down()
    assert tools.compile("alpha").returncode != 0
    simple_index.up()
    assert tools.compile("alpha").returncode == 0


def test_its_directory_serves_as_find_links(simple_index: SimpleIndex, tools: Tools) -> None:
    simple_index.add("alpha")
    simple_index.down()
    done = tools.install("--no-index", "--find-links", str(simple_index.directory), "alpha")
    assert done.returncode == 0, done.stderr


def test_no_index_is_configured_without_the_fixture(tools: Tools) -> None:
    assert os.environ["PIP_NO_INDEX"] == "1"
    assert not [name for name in os.environ if name.startswith("UV_")]
