"""An environment, a change of it, and everything that the change writes to; all can be put back as they were."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tfenv_lab import serde
from tfenv_lab.jobs import outcomes
from tfenv_lab.jobs.messages import ApplyChange
from tfenv_lab.jobs.models import Job
from tfenv_lab.space import abandoned

from .. import python_package
from ..conda.conftest import Lab
from ..conda.http_channel import HttpChannel
from ..conda.transaction.killing import order, tree, whole
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel

#: All calls that change a file system.
WRITES = "open,write,mkdir,link,rename"


@dataclass(frozen=True)
class Fault:
    """An error of a file system: the calls that it makes fail, and what the message must say."""

    number: int
    calls: str
    words: str
    reason: str = "unusable-directory"


FAULTS = {
    "ENOSPC": Fault(errno.ENOSPC, "open,write,mkdir,link,flush", "disk is full", "no-space"),
    "EDQUOT": Fault(errno.EDQUOT, "open,write,mkdir,link,flush", "quota is used up", "no-space"),
    "EIO": Fault(errno.EIO, f"read,{WRITES},unlink,flush", "Input/output error"),
    "EROFS": Fault(errno.EROFS, f"{WRITES},unlink", "read-only"),
    "EMFILE": Fault(errno.EMFILE, "open,read", "too many open files", "too-many-files"),
}


class World:
    """A prefix with conda's packages and wheels, and the order that updates both.

    ``before`` and ``after`` are its tree before and after the update. The library ``fault.c`` is loaded into workers.
    """

    #: What a change writes to, below ``root``.
    PLACES = ("envs", "pkgs", "bytecode", "uv-cache", "home", "tmp")

    def __init__(self, root: Path, library: str) -> None:
        self.root, self._library = root, library
        self.control = root / "fault"
        self.hit = root / "fault.hit"
        self._number = 0
        for name in self.PLACES:
            (root / name).mkdir(parents=True)
        channel = TinyChannel(root / "channel")
        python_package.add(channel, root / "pip")
        for version in ("1.0", "2.0"):
            files = {f"share/app/{version}/{n}.txt": f"{version} {n}" for n in range(30)}
            channel.add("app", version, files={**files, "share/app.txt": version}, prefixed=["share/app.txt"])
            pure = {f"site-packages/pure/m{n}.py": f"X = {version!r}\n" for n in range(5)}
            channel.add("pure", version, noarch="python", depends=["python"], files=pure)
        channel.index()
        self._served = HttpChannel(channel.root)
        self._served.up()
        self._index = SimpleIndex(root / "index")
        self._index.directory.mkdir()
        self._index.up()
        self.lab = Lab(channel, root)
        self.prefix = self.lab.prefix

    def make(self) -> None:
        """Create the environment, update it once to learn the result, and go back."""
        releases = {}
        for version in ("1.0", "2.0"):
            files = {f"many/m{n}.py": f"X = {version!r}, {n}\n" for n in range(10)}
            wheel = self._index.add("many", version, files={**files, "many/__init__.py": ""})
            releases[version] = self._index.distribution(wheel)
        records = {
            version: asyncio.run(self.lab.solve(f"app =={version}", f"pure =={version}", url=self._served.url))
            for version in releases
        }

        def work(version: str) -> ApplyChange:
            specs = (f"app =={version}", f"pure =={version}")
            made = order(
                self.lab, self.prefix, "0", *specs, wheels=[releases[version]], records=records[version],
                requirements={"many": "many"}
            )  # fmt: skip
            assert isinstance(made, ApplyChange)
            return made

        whole(work("1.0"))
        (self.prefix / "notes.txt").write_text("a user's file")
        self.before = self.tree()
        for name in self.PLACES:
            shutil.copytree(self.root / name, self.root / "kept" / name, symlinks=True)
        self._order = work("2.0")
        whole(self._order)
        self.after = self.tree()
        assert self.before != self.after
        self.everything = self._listing()
        self.restore()

    def down(self) -> None:
        """Stop the servers."""
        self._served.down()
        self._index.down()

    def environ(self) -> dict[str, str]:
        """Return the variables with which the worker runs."""
        return {
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "UV_DEFAULT_INDEX": self._index.url,
            "UV_CACHE_DIR": str(self.root / "uv-cache"),
            "FAULT": str(self.control),
            "LD_PRELOAD": self._library,
        }

    def restore(self) -> None:
        """Put everything back as it was before the update, and end the fault."""
        self.heal()
        for name in self.PLACES:
            shutil.rmtree(self.root / name)
            shutil.copytree(self.root / "kept" / name, self.root / name, symlinks=True)

    def arm(self, calls: str, paths: str, what: int | str, *, passing: int = 0, stays: bool = True) -> None:
        """Let calls fail from now on, as ``fault.c`` says."""
        self.heal()
        text = f"{calls}\n{paths}\n{what}\n{passing}\n{'stay' if stays else 'once'}\n"
        fresh = self.control.with_name("fault.new")
        fresh.write_text(text)
        fresh.replace(self.control)

    def heal(self) -> None:
        """End the fault."""
        self.control.unlink(missing_ok=True)
        self.hit.unlink(missing_ok=True)

    def order(self) -> ApplyChange:
        """Return the order of the update, for a new job."""
        self._number += 1
        return replace(self._order, job=f"1{self._number:05d}")

    def begin(self, work: ApplyChange) -> subprocess.Popen[bytes]:
        """Start the worker in a new process, into which the system loads the library."""
        worker = subprocess.Popen(
            [sys.executable, "-m", "tfenv_lab.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert worker.stdin is not None
        worker.stdin.write(serde.dumps(work) + b"\n")
        worker.stdin.flush()
        return worker

    def run(self) -> tuple[str, Any]:
        """Run the update, and return the job and the worker's last message (None if it said nothing)."""
        work = self.order()
        worker = self.begin(work)
        assert worker.stdin is not None
        assert worker.stdout is not None
        lines = worker.stdout.read().splitlines()
        worker.wait()
        worker.stdin.close()
        worker.stdout.close()
        last = [json.loads(line) for line in lines]
        words = [message for message in last if message["type"] in ("succeeded", "failed")]
        return work.job, words[-1] if words else None

    def settle(self, job: str) -> bool:
        """Clean up after a worker as its server does, and return whether the update took effect."""
        stored = Job(job, "update", "tf", str(self.prefix), None)
        done, leftovers = outcomes.clean_up(stored)
        assert leftovers == []
        return done

    def succeed(self) -> None:
        """Run the update, unless it has happened, and assert that its result is the right one."""
        if self.tree() != self.after:
            job, said = self.run()
            assert said is not None
            assert said["type"] == "succeeded", said
            assert self.settle(job)
            assert self.tree() == self.after
        assert self.left() == []

    def collect(self) -> None:
        """Clean up as the next server does when it starts, an hour later."""
        # Each worker has a directory of its own for temporary files, which its server deletes.
        shutil.rmtree(self.root / "tmp")
        (self.root / "tmp").mkdir()
        for path in (self.root / "bytecode").rglob("*"):
            os.utime(path, (0, 0), follow_symlinks=False)
        abandoned.collect(self.root / "pkgs", self.root / "bytecode", [])

    def tree(self) -> dict[str, Any]:
        """Return the prefix as it is, without the times in bytecode."""
        found = tree(self.prefix)
        return {
            name: (mode, text[16:]) if name.endswith(".pyc") else (mode, text) for name, (mode, text) in found.items()
        }

    def _listing(self) -> set[str]:
        # The time of a file is part of some names in the cache of bytecode.
        return {
            re.sub(r"-\d{19}\b", "", str(path.relative_to(self.root)))
            for name in ("envs", "pkgs", "bytecode", "home", "tmp")
            for path in (self.root / name).rglob("*")
        }

    def left(self) -> list[str]:
        """Return what is there that neither the environment before nor the one after the update has."""
        return sorted(path for path in self._listing() - self.everything if not path.startswith("envs/tf/"))
