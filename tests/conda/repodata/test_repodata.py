from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tfenv_lab.conda.repodata import repodata as module
from tfenv_lab.conda.repodata import waiting
from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef, ChannelRules, Credential
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.errors import ChannelUnreachable

from ...shims import built
from ...tiny_channel import TinyChannel
from ..http_channel import HttpChannel


def settings(**channels: str) -> CondaSettings:
    refs = tuple(ChannelRef(name, url) for name, url in channels.items())
    return CondaSettings(channels=refs, envs_dirs=(), pkgs_dirs=())


def versions(repodata: Repodata, *names: str) -> list[str]:
    return [f"{r.name.normalized} {r.version}" for r in asyncio.run(repodata.records(names))]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[HttpChannel]:
    """Serve a channel with the package ``foo 1.0`` over HTTP."""
    channel = TinyChannel(tmp_path / "served")
    channel.add("foo", "1.0")
    channel.index()
    http = HttpChannel(channel.root)
    http.up()
    yield http
    http.down()


class TestRecords:
    def test_all_records_of_a_name_and_no_others_are_returned(self, channel: TinyChannel) -> None:
        channel.add("foo", "1.0", depends=["bar"])
        channel.add("foo", "2.0", noarch="generic")
        channel.add("bar", "1.0")
        assert sorted(versions(Repodata(settings(tiny=channel.index())), "foo")) == ["foo 1.0", "foo 2.0"]

    def test_in_the_order_of_the_channels(self, channel: TinyChannel, tmp_path: Path) -> None:
        first = TinyChannel(tmp_path / "first")
        first.add("foo", "1.0")
        channel.add("foo", "3.0")
        repodata = Repodata(settings(first=first.index(), second=channel.index()))
        assert versions(repodata, "foo") == ["foo 1.0", "foo 3.0"]

    def test_only_the_requested_subdir_is_queried(self, tmp_path: Path) -> None:
        windows = TinyChannel(tmp_path / "windows", subdir="win-64")
        windows.add("foo", "1.0")
        url = windows.index()
        assert versions(Repodata(settings(tiny=url), "win-64"), "foo") == ["foo 1.0"]
        assert versions(Repodata(settings(tiny=url), "linux-64"), "foo") == []

    def test_conda_subdir_names_the_platform(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONDA_SUBDIR", "osx-arm64")
        assert Repodata(settings()).subdir == "osx-arm64"


class TestLocalChannel:
    def test_a_rewritten_channel_is_seen(self, channel: TinyChannel) -> None:
        channel.add("foo", "1.0")
        repodata = Repodata(settings(tiny=channel.index()))
        assert versions(repodata, "foo") == ["foo 1.0"]
        generation = repodata.generation
        channel.add("foo", "2.0")
        channel.index()
        assert sorted(versions(repodata, "foo")) == ["foo 1.0", "foo 2.0"]
        assert repodata.generation > generation

    def test_a_file_that_is_truncated_in_place_is_read_again(self, channel: TinyChannel) -> None:
        for number in range(300):
            channel.add(f"package{number}", "1.0")
        repodata = Repodata(settings(tiny=channel.index()))
        assert versions(repodata, "package1") == ["package1 1.0"]
        # Index tools replace the file; here the same file is shortened.
        empty = json.dumps({"info": {"subdir": "linux-64"}, "packages": {}, "packages.conda": {}})
        (channel.root / "linux-64" / "repodata.json").write_text(empty)
        assert versions(repodata, "package299") == []

    def test_an_unchanged_channel_keeps_its_generation(self, channel: TinyChannel) -> None:
        repodata = Repodata(settings(tiny=channel.index()))
        asyncio.run(repodata.refresh())
        generation = repodata.generation
        asyncio.run(repodata.refresh())
        assert repodata.generation == generation

    def test_a_missing_channel_is_named_and_found_once_it_exists(self, tmp_path: Path) -> None:
        later = tmp_path / "later"
        repodata = Repodata(settings(lab=later.as_uri()))
        with pytest.raises(ChannelUnreachable, match="“lab” cannot be reached"):
            asyncio.run(repodata.names())
        channel = TinyChannel(later)
        channel.add("foo", "1.0")
        channel.index()
        assert versions(repodata, "foo") == ["foo 1.0"]

    def test_of_two_channels_the_missing_one_is_named(self, channel: TinyChannel, tmp_path: Path) -> None:
        repodata = Repodata(settings(good=channel.index(), bad=(tmp_path / "none").as_uri()))
        with pytest.raises(ChannelUnreachable, match="“bad”"):
            asyncio.run(repodata.records(["foo"]))

    def test_other_channels_replace_them_and_no_data_is_kept(self, channel: TinyChannel, tmp_path: Path) -> None:
        repodata = Repodata(settings(bad=(tmp_path / "none").as_uri()))
        with pytest.raises(ChannelUnreachable, match="“bad”"):
            asyncio.run(repodata.names())
        generation = repodata.generation
        channel.add("foo", "1.0")
        asyncio.run(repodata.use(settings(good=channel.index())))
        assert versions(repodata, "foo") == ["foo 1.0"]
        assert asyncio.run(repodata.names()) == ["foo"]
        assert repodata.generation > generation

    def test_clear_asks_again(self, channel: TinyChannel) -> None:
        repodata = Repodata(settings(tiny=channel.index()))
        asyncio.run(repodata.refresh())
        generation = repodata.generation
        repodata.clear()
        asyncio.run(repodata.refresh())
        assert repodata.generation > generation


class TestRemoteChannel:
    def test_current_data_has_no_age(self, served: HttpChannel) -> None:
        repodata = Repodata(settings(remote=served.url))
        assert versions(repodata, "foo") == ["foo 1.0"]
        assert repodata.as_of is None

    def test_is_asked_again_only_after_a_while(self, served: HttpChannel, monkeypatch: pytest.MonkeyPatch) -> None:
        repodata = Repodata(settings(remote=served.url))
        asyncio.run(repodata.refresh())
        served.requests.clear()
        asyncio.run(repodata.refresh())
        assert served.requests == []
        monkeypatch.setattr(module, "TTL", 0.0)
        repodata.clear()
        asyncio.run(repodata.refresh())
        served.requests.clear()
        asyncio.run(repodata.refresh())
        assert served.requests

    def test_cached_data_replaces_it_with_its_age(self, served: HttpChannel) -> None:
        asyncio.run(Repodata(settings(remote=served.url)).refresh())
        served.down()
        another_process = Repodata(settings(remote=served.url))
        assert versions(another_process, "foo") == ["foo 1.0"]
        assert another_process.as_of is not None
        assert datetime.now(timezone.utc) - another_process.as_of < timedelta(minutes=5)

    def test_current_again_when_it_answers_again(self, served: HttpChannel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "RETRY", 0.0)
        asyncio.run(Repodata(settings(remote=served.url)).refresh())
        served.down()
        repodata = Repodata(settings(remote=served.url))
        asyncio.run(repodata.refresh())
        generation = repodata.generation
        asyncio.run(repodata.refresh())
        assert repodata.as_of is not None
        assert repodata.generation == generation, "the same cached data is not a change"
        served.up()
        asyncio.run(repodata.refresh())
        assert repodata.as_of is None

    def test_without_cached_data_the_channel_is_named(self, served: HttpChannel) -> None:
        served.down()
        with pytest.raises(ChannelUnreachable, match="“remote” cannot be reached") as raised:
            asyncio.run(Repodata(settings(remote=served.url)).names())
        assert "onnect" in (raised.value.details or "")

    def test_a_channel_that_never_answers_is_abandoned(
        self, served: HttpChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waiting, "PATIENCE", 0.2)
        served.hold = threading.Event()
        try:
            with pytest.raises(ChannelUnreachable, match="“remote” did not answer"):
                asyncio.run(Repodata(settings(remote=served.url)).names())
        finally:
            served.hold.set()

    def test_a_channel_that_goes_silent_is_abandoned(
        self, served: HttpChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waiting, "PATIENCE", 0.2)
        served.hold, served.cut = threading.Event(), 10
        try:
            with pytest.raises(ChannelUnreachable, match=r"“remote” (did not answer|sent no more data)"):
                asyncio.run(Repodata(settings(remote=served.url)).names())
        finally:
            served.hold.set()

    def test_a_channel_that_drips_is_abandoned(self, served: HttpChannel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "PATIENCE", 0.4)
        served.pace = (1, 0.01)
        with pytest.raises(ChannelUnreachable, match=r"“remote” (did not answer|sent no more data)"):
            asyncio.run(Repodata(settings(remote=served.url)).names())

    def test_a_slow_channel_is_not_abandoned(self, served: HttpChannel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "PATIENCE", 1.0)
        monkeypatch.setattr(waiting, "LEAST", 1)
        served.pace = (100, 0.4)
        assert asyncio.run(Repodata(settings(remote=served.url)).names()) == ["foo"]

    def test_a_file_of_a_server_that_was_killed_does_not_count(
        self, served: HttpChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waiting, "LARGEST", 1000)
        served.pace = (100, 0.1)
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache/.tmp1").write_bytes(b"x" * 2000)
        assert asyncio.run(Repodata(settings(remote=served.url), cache_dir=tmp_path / "cache").names()) == ["foo"]

    @pytest.mark.parametrize("name", ["repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"])
    def test_endless_channel_data_is_refused(
        self, served: HttpChannel, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waiting, "LARGEST", 5_000_000)
        monkeypatch.setattr(waiting, "MEMORY", 50_000_000)
        served.endless = f"/linux-64/{name}"
        repodata = Repodata(settings(remote=served.url), "linux-64", tmp_path / "cache")
        with pytest.raises(ChannelUnreachable, match="“remote” sends too much channel data"):
            asyncio.run(repodata.refresh())
        # rattler ends the download in a thread of its own, and deletes the file then.
        end = time.monotonic() + 30
        while list((tmp_path / "cache").rglob(".tmp*")):
            assert time.monotonic() < end
            time.sleep(0.05)

    @pytest.mark.parametrize(
        "content", [b"", b"<html>Please log in</html>", b"[]", b"null", b"\xff\xfe", b'{"packages": {"a'], ids=repr
    )
    def test_broken_channel_data_are_not_called_unreachable(
        self, served: HttpChannel, tmp_path: Path, content: bytes
    ) -> None:
        (served.root / "linux-64/repodata.json").write_bytes(content)
        for number, url in enumerate((served.url, served.root.as_uri())):
            repodata = Repodata(settings(remote=url), "linux-64", tmp_path / str(number))
            with pytest.raises(ChannelUnreachable, match="“remote” answers, but its channel data cannot be read"):
                asyncio.run(repodata.names())

    @pytest.mark.parametrize("name", ["repodata.json.zst", "repodata_shards.msgpack.zst"])
    def test_broken_compressed_data_are_not_called_unreachable(self, served: HttpChannel, name: str) -> None:
        (served.root / "linux-64" / name).write_bytes(b"no archive")
        with pytest.raises(ChannelUnreachable, match="“remote” answers, but its channel data cannot be read"):
            asyncio.run(Repodata(settings(remote=served.url), "linux-64").names())

    def test_a_failure_is_remembered_for_a_while(self, served: HttpChannel) -> None:
        served.down()
        repodata = Repodata(settings(remote=served.url))
        with pytest.raises(ChannelUnreachable):
            asyncio.run(repodata.refresh())
        served.up()
        with pytest.raises(ChannelUnreachable):
            asyncio.run(repodata.refresh())
        assert served.requests == []


class TestOffline:
    def test_no_channel_is_asked(self, served: HttpChannel) -> None:
        asyncio.run(Repodata(settings(remote=served.url)).refresh())
        served.requests.clear()
        repodata = Repodata(replace(settings(remote=served.url), offline=True))
        assert versions(repodata, "foo") == ["foo 1.0"]
        assert repodata.as_of is not None
        assert served.requests == []

    def test_without_cached_data_the_channel_is_named(self, served: HttpChannel) -> None:
        repodata = Repodata(replace(settings(remote=served.url), offline=True))
        with pytest.raises(ChannelUnreachable, match="“remote” is not read, because the server is offline") as raised:
            asyncio.run(repodata.names())
        assert "offline" in (raised.value.hint or "")
        assert "proxy" not in (raised.value.hint or "")
        assert served.requests == []

    def test_local_channels_work(self, channel: TinyChannel) -> None:
        channel.add("foo", "1.0")
        repodata = Repodata(replace(settings(tiny=channel.index()), offline=True))
        assert versions(repodata, "foo") == ["foo 1.0"]
        assert repodata.as_of is None


class TestCredentials:
    @pytest.mark.parametrize(
        ("credential", "expected"),
        [
            (Credential(user="ada", password="se cret"), ("/noarch/repodata.json", "Basic YWRhOnNlIGNyZXQ=")),
            (Credential(token="tk-123"), ("/t/tk-123/noarch/repodata.json", None)),
        ],
    )
    def test_reach_the_channel(
        self, served: HttpChannel, credential: Credential, expected: tuple[str, str | None]
    ) -> None:
        rules = ChannelRules(credentials={served.url: credential})
        asyncio.run(Repodata(replace(settings(private=served.url), rules=rules)).refresh())
        assert expected in served.requests

    def test_are_in_no_error(self, served: HttpChannel) -> None:
        rules = ChannelRules(credentials={served.url: Credential(token="tk-123")})
        served.down()
        with pytest.raises(ChannelUnreachable) as raised:
            asyncio.run(Repodata(replace(settings(private=served.url), rules=rules)).refresh())
        assert "tk-123" not in f"{raised.value.message} {raised.value.details}"


class TestSearch:
    def test_versions_newest_first_and_no_more_than_twenty(self, channel: TinyChannel) -> None:
        for number in range(25):
            channel.add("foo", f"1.{number}")
        channel.add("foo", "1.24", build="h1_1")
        found = asyncio.run(Repodata(settings(tiny=channel.index())).search("fo"))
        assert [package["name"] for package in found] == ["foo"]
        assert found[0]["versions"] == [f"1.{number}" for number in range(24, 4, -1)]

    def test_sees_a_rewritten_channel(self, channel: TinyChannel) -> None:
        channel.add("foo", "1.0")
        repodata = Repodata(settings(tiny=channel.index()))
        asyncio.run(repodata.search("foo"))
        channel.add("foo", "2.0")
        channel.add("foobar", "1.0")
        channel.index()
        assert asyncio.run(repodata.search("foo")) == [
            {"name": "foo", "versions": ["2.0", "1.0"]},
            {"name": "foobar", "versions": ["1.0"]},
        ]


_NAMES = """
import asyncio, os, sys
from pathlib import Path
from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.condarc import CondaSettings, with_channels
settings = with_channels(CondaSettings(channels=(), envs_dirs=(), pkgs_dirs=()), [sys.argv[1]])
try:
    asyncio.run(Repodata(settings, "linux-64", cache_dir=Path(sys.argv[2])).names())
except Exception as error:
    print(error.reason, error.message, error.hint, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize(
    ("source", "variables", "expected"),
    [
        ("no_locks.c", {"NOLOCK_ERRNO": "37"}, "unusable-directory Channel data cannot be stored in {cache}. Set XDG_"),
        (
            "no_locks.c",
            {"NOLOCK_ERRNO": "524"},
            "unusable-directory Channel data cannot be stored in {cache}. Set XDG_",
        ),
        (
            "quota.c",
            {"QUOTA_FOLDER": "{cache}"},
            "no-space Your disk quota is used up. Channel data are stored in {cache}",
        ),
    ],
)
def test_a_cache_that_cannot_be_used_is_not_called_an_unreachable_channel(
    channel: TinyChannel, tmp_path: Path, source: str, variables: dict[str, str], expected: str
) -> None:
    channel.add("six", "1.0")
    channel.index()
    http, cache = HttpChannel(channel.root), tmp_path / "cache"
    cache.mkdir()
    http.up()
    shim = {name: value.format(cache=cache) for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-c", _NAMES, http.url, str(cache)],
        env={**os.environ, **shim, "LD_PRELOAD": built(source, tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    http.down()
    assert done.stdout.startswith(expected.format(cache=cache)), done.stdout + done.stderr
