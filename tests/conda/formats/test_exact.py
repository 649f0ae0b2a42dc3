"""Test exact packages: every file name that conda allows becomes a record, and any other text a sentence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfenv_lab.conda.formats import exact
from tfenv_lab.conda.formats.model import Pinned
from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings import condarc
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.errors import TfenvError

from ...tiny_channel import TinyChannel

#: The parts of a file name that CEP 26 allows.
NAMES = st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,8}", fullmatch=True)
VERSIONS = st.from_regex(
    r"([0-9]{1,2}!)?[0-9]{1,3}([._][a-z0-9]{1,3}){0,3}(\+[0-9]{1,3}(\.[a-z0-9]{1,3})?)?", fullmatch=True
)
BUILDS = st.from_regex(r"[a-zA-Z0-9_.+]{1,16}", fullmatch=True)


@pytest.fixture
def repodata(channel: TinyChannel, tmp_path: Path) -> Repodata:
    channel.index()
    found = replace(condarc.load({}, tmp_path), channels=(ChannelRef("channel", channel.url),))
    return Repodata(found, "linux-64", tmp_path / "cache")


@given(NAMES, VERSIONS, BUILDS)
def test_every_file_name_that_conda_allows_is_read(repodata: Repodata, name: str, version: str, build: str) -> None:
    url = repodata.settings.channels[0].url
    place = exact.address(f"{url}/noarch/{name}-{version}-{build}.conda", [url], "linux-64")
    [record], notes = asyncio.run(exact.records([(place, Pinned(place.url))], repodata))
    assert (record.name.normalized, str(record.version), str(record.build)) == (name, version, build)
    assert "no longer lists" in notes[0]


@given(st.text(max_size=30))
def test_any_other_text_is_refused_with_a_sentence(text: str) -> None:
    for url in (text, f"https://c/noarch/{text}.conda", f"https://c/{text}/a-1-0.conda"):
        try:
            place = exact.address(url, ["https://c"], "linux-64")
        except TfenvError as error:
            assert error.message.endswith(".")
        else:
            assert place.channel == "https://c"
