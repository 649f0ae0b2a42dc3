"""Share channels and directories among the tests of transactions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ... import python_package
from ...tiny_channel import TinyChannel
from ...tiny_tensorflow import PYTHON, SITE
from ..conftest import Lab
from ..http_channel import HttpChannel

#: An earlier minor version of Python, and where its packages are.
EARLIER = f"3.{int(PYTHON.split('.')[1]) - 1}"
EARLIER_SITE = f"lib/python{EARLIER}/site-packages"


@pytest.fixture
def python_lab(channel: TinyChannel, tmp_path: Path) -> Lab:
    """Provide a channel with ``python``, ``pip``, and an unrelated ``tool``.

    It also has a Python of an earlier minor version without a program, and ``data``, which is a project, too.
    """
    python_package.add(channel, tmp_path / "pip")
    channel.add("python", f"{EARLIER}.1", build="h0_0_cpython", files={f"{EARLIER_SITE}/README.txt": ""})
    channel.add("tool", "1.0", noarch="generic")
    files = {f"{SITE}/data/__init__.py": "conda's", f"{SITE}/data/condas.py": "", f"{SITE}/data/same.py": "same = 1\n"}
    info = {f"{SITE}/data-2.0.dist-info/{name}": text for name, text in (("METADATA", ""), ("INSTALLER", "conda"))}
    channel.add("data", "2.0", noarch="generic", files={**files, **info})
    channel.index()
    return Lab(channel, tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a user's home directory with files that no package may touch."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir()
    (home / ".ssh/id_rsa").write_text("private")
    (home / ".mybashrc").write_text("mine")
    (tmp_path / "envs").mkdir()
    return home


@pytest.fixture(params=["file", "http"])
def url(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """Provide the channel's URL, once for its directory and once over HTTP."""
    served = HttpChannel(lab.channel.root)
    served.up()
    yield lab.channel.url if request.param == "file" else served.url
    served.down()
