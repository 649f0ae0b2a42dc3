from __future__ import annotations

import asyncio
import json

import pytest

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.conda.solving.candidates import Pool, Spec
from tfenv_lab.conda.solving.feasibility import Request

from ...tiny_channel import TinyChannel
from .pools import load


def test_best_first(channel: TinyChannel) -> None:
    channel.add("app", "1.0", build="a_0")
    channel.add("app", "2.0", build="a_0")
    channel.add("app", "2.0", build="b_1")
    channel.add("app", "3.0", build="cpu_0", track_features="app-cpu")
    builds = [f"{node.record.version} {node.record.build}" for node in load(channel).named("app")]
    assert builds == ["2.0 b_1", "2.0 a_0", "1.0 a_0", "3.0 cpu_0"]


def test_a_name_comes_from_the_first_channel_that_has_it(
    channel: TinyChannel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = TinyChannel(tmp_path_factory.mktemp("other"))
    channel.add("app", "1.0")
    other.add("app", "2.0")
    assert load(channel, other).matching(Spec("app >=2")) == []
    assert load(channel, other, strict=False).matching(Spec("app >=2")) != []


def test_names_that_are_encountered_are_missing_until_loaded(channel: TinyChannel) -> None:
    channel.add("app", "1.0", depends=["lib"])
    channel.add("lib", "1.0")
    pool = load(channel, names=["app"])
    request = Request(pool, ["app"], {})
    assert request.on({}).feasible
    assert request.provisional
    assert pool.missing == {"lib"}


def test_records_without_the_optional_fields(channel: TinyChannel) -> None:
    channel.add("app", "1.0")
    path = channel.root / "linux-64" / "repodata.json"
    channel.index()
    data = json.loads(path.read_text())
    for record in data["packages.conda"].values():
        for field in ("constrains", "timestamp", "size", "license"):
            record.pop(field, None)
    repodata = Repodata(CondaSettings((ChannelRef("tiny", channel.url),), (), ()))
    path.write_text(json.dumps(data))
    pool = Pool()
    pool.add(["app"], asyncio.run(repodata.records(["app"])))
    assert Request(pool, ["app"], {}).on({}).feasible
