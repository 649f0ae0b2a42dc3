"""Test the packages that a machine takes from others: their hashes, and how its own transaction gets them."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab import serde
from tfenv_lab.conda.prefix import lock as locks
from tfenv_lab.nodes.lockfile import LockFile
from tfenv_lab.nodes.orders import Order
from tfenv_lab.nodes.sharing import FILE, Archive, Part, SharedArchives

from ..ranged_channel import RangedChannel, serving
from ..tiny_channel import TinyChannel
from .conftest import Machine, NewMachine, write_lock


class Setting:
    """A channel on a server, a lock, its archives, and a directory with their stream."""

    def __init__(self, served: RangedChannel, lock: Path, folder: Path) -> None:
        self.served, self.folder = served, folder
        self.lock = LockFile(lock.read_text())
        [records] = [found for found in locks.loads(self.lock.content).values() if found]
        self.digest = locks.digest(records)
        archives, stream = [], b""
        for record in records:
            content = (served.root / record.url.removeprefix(f"{served.url}/")).read_bytes()
            assert record.sha256 is not None
            archives.append(Archive(record.url, record.sha256.hex(), len(content), len(stream)))
            stream += content
        self.archives = tuple(archives)
        folder.mkdir()
        self.file = folder / FILE
        self.file.write_bytes(stream)

    def install(self, here: Machine) -> Any:
        """Install the lock with the packages in the directory, and return the answer."""
        order = Order("install", self.lock, "app", self.digest, folder=str(self.folder), archives=self.archives)
        return json.loads(_carried_out(here, order).stdout)


def _carried_out(here: Machine, order: Order) -> subprocess.CompletedProcess[bytes]:
    with subprocess.Popen(
        [sys.executable, "-m", "tfenv_lab.nodes"],
        env=here.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(serde.dumps(order) + b"\n")
        process.stdin.flush()
        out, err = process.stdout.read(), process.stderr.read()
    return subprocess.CompletedProcess([], process.returncode, out, err)


@pytest.fixture
def setting(channel: TinyChannel, tmp_path: Path) -> Iterator[Setting]:
    channel.add("lib", "1.0")
    channel.add("app", "1.0", depends=["lib"])
    channel.index()
    with serving(channel.root) as served:
        yield Setting(served, write_lock(channel, tmp_path, "app ==1.0", served.url), tmp_path / "pieces")


def _here(node: NewMachine, setting: Setting, **environ: str) -> Machine:
    return node("node", setting.served.url, **environ)


def test_packages_that_are_there_are_not_downloaded(node: NewMachine, setting: Setting) -> None:
    here = _here(node, setting)
    answer = setting.install(here)
    assert (answer["error"], answer["note"]) == (None, None)
    assert (here.envs / "app/share/lib/1.0.txt").read_text() == "lib 1.0\n"
    assert setting.served.sent.total() == 0


def test_a_proxy_is_not_asked_for_packages_of_this_machine(node: NewMachine, setting: Setting) -> None:
    # Nothing listens at the proxy; the channel data are requested without it.
    here = _here(node, setting)
    file = here.home / ".condarc"
    host = setting.served.url.removeprefix("http://").partition(":")[0]
    file.write_text(f"{file.read_text()}proxy_servers:\n  http: http://127.0.0.1:9\n  http://{host}: ''\n")
    answer = setting.install(here)
    assert (answer["error"], setting.served.sent.total()) == (None, 0)


@pytest.mark.parametrize("damage", ["altered", "cut off", "empty"])
def test_a_damaged_package_is_downloaded_from_the_channel(node: NewMachine, setting: Setting, damage: str) -> None:
    last = setting.archives[-1]
    stream = setting.file.read_bytes()
    content = {"altered": bytes(last.size), "cut off": stream[last.position : -1], "empty": b""}[damage]
    setting.file.write_bytes(stream[: last.position] + content)
    answer = setting.install(_here(node, setting))
    assert answer["error"] is None
    assert answer["note"].startswith("1 packages from other workers were damaged")
    assert dict(setting.served.sent) == {last.url.removeprefix(setting.served.url): last.size}


def test_packages_that_cannot_be_used_are_all_downloaded(node: NewMachine, setting: Setting) -> None:
    setting.file.unlink()
    answer = setting.install(_here(node, setting))
    assert answer["error"] is None
    assert answer["note"].startswith("The worker downloaded its packages itself")
    assert setting.served.sent.total() == sum(archive.size for archive in setting.archives)


def test_a_channel_that_is_not_allowed_is_not_asked_for_parts(
    node: NewMachine, setting: Setting, tmp_path: Path
) -> None:
    first = setting.archives[0]
    order = Order("fetch", LockFile(""), "", "", parts=(Part(first.url, 0, 10, first.size),))
    here = _here(node, setting)
    done = _carried_out(here, order)
    assert (done.returncode, done.stdout) == (0, setting.file.read_bytes()[:10])
    sent = setting.served.sent.total()
    (here.home / ".condarc").write_text(f"channels: ['{tmp_path.as_uri()}']\n")
    refused = _carried_out(here, order)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert b"is not allowed" in refused.stderr, refused.stderr.decode()
    assert setting.served.sent.total() == sent


def test_only_the_secret_address_has_the_packages(setting: Setting) -> None:
    def status(url: str) -> int:
        try:
            with urllib.request.urlopen(url) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    first = setting.archives[0]
    folder, _, name = first.url.rpartition("/")
    with SharedArchives(setting.folder, setting.archives).served() as mirrors:
        mirror = mirrors[f"{folder}/"]
        with urllib.request.urlopen(mirror + name) as answer:
            assert answer.read() == setting.file.read_bytes()[: first.size]
        # rattler asks the channel after 503.
        assert status(f"{mirror}other-1.0-0.conda") == 503
        assert status(f"http://127.0.0.1:{mirror.split(':')[2].partition('/')[0]}/{name}") == 503
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(mirror + name)
