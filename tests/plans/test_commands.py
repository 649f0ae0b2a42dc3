"""Test the conda commands for exact packages; test_commands_conda runs them with a real conda."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON


def _addresses(command: str) -> list[str]:
    return [word.partition("#sha256:")[0] for word in shlex.split(command) if "#sha256:" in word]


async def test_the_command_for_a_lock_lists_urls(api: Api, tensorflow_channel: TinyChannel) -> None:
    files = ("noarch/pandas-2.2.0-0", "noarch/numpy-2.1.0-0", f"linux-64/python-{PYTHON}.9-h0_0_cpython")
    urls = [f"{tensorflow_channel.url}/{file}.conda" for file in files]
    plan = await api.plan(kind="import", name="new", content="\n".join(["@EXPLICIT", *urls]))
    [line] = plan["commands"]
    assert line.startswith("conda create --name new 'file://")
    # Dependencies come first.
    assert _addresses(line) == [urls[2], urls[1], urls[0]]


async def test_the_command_for_a_file_of_specs_names_the_channels_of_its_solve(
    api: Api, tensorflow_channel: TinyChannel
) -> None:
    text = "dependencies: [numpy=2.1, python]\n"
    for channels in ("", f"channels: [{tensorflow_channel.url}, nodefaults]\n"):
        plan = await api.plan(kind="import", name="new", content=channels + text)
        assert plan["commands"] == [
            "CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY=false conda create --name new --override-channels "
            f"--channel {tensorflow_channel.url} 'numpy=2.1.*' python"
        ]


async def test_the_commands_for_a_revert_remove_and_install(api: Api, made: Any) -> None:
    await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    plan = await api.plan(kind="revert", environment=made["id"], revision=0)
    remove, install = plan["commands"]
    assert remove == "conda remove --name tf --force pandas"
    names = [Path(url).name.rpartition("-")[0] for url in _addresses(install)]
    assert names == ["tensorflow-base-2.19.1", "tensorflow-2.19.1"]


async def test_a_revert_to_the_current_revision_has_no_command(api: Api, made: Any) -> None:
    plan = await api.plan(kind="revert", environment=made["id"], revision=0)
    assert (plan["entries"], plan["commands"]) == ([], [])
