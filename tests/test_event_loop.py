"""Test that a drive that does not answer never blocks the event loop; it is a real one, named wherever possible."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api, DeadMount
from tests.kernels.on_disk import hand_made
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import PYTHON
from tfenv_lab.errors import ChannelUnreachable, NotFound
from tfenv_lab.services import Services
from tfenv_lab.settings import TfenvLab
from tfenv_lab.shared_services import SharedServices

#: Seconds between two looks at the clock, and for which the loop may be blocked.
TICK, LIMIT = 0.005, 0.05
#: Seconds for one answer: several rounds of reads may run into their limits.
BOUND = 30.0
#: Number of tries, because the machine may be busy with something else.
TRIES = 3


@contextlib.asynccontextmanager
async def ticking() -> AsyncIterator[Callable[[], float]]:
    """Look at the clock every ``TICK``; yield a function that returns the longest delay since its last call."""
    late = [0.0]

    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(TICK)
            late.append(time.perf_counter() - begun - TICK)

    def longest() -> float:
        worst = max(late)
        late[:] = [0.0]
        return worst

    task = asyncio.ensure_future(tick())
    try:
        yield longest
    finally:
        task.cancel()
        await asyncio.wait({task})


def work(seconds: float) -> None:
    """Compute for a while."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(range(1000))


@pytest.fixture
def dead(dead_mount: DeadMount, tmp_path: Path) -> Path:
    """A drive that never answers."""
    return dead_mount(tmp_path / "drive")


@pytest.fixture
def name_everywhere(clean_home: Path, dead: Path, tensorflow_channel: TinyChannel) -> Callable[[int], None]:
    """Name a directory of the drive in every place; a new number names one that no read waits for yet."""

    def name(number: int) -> None:
        folder = dead / str(number)
        (clean_home / ".condarc").write_text(
            f"envs_dirs: ['{folder}/envs', '{clean_home}/envs']\npkgs_dirs: ['{folder}/pkgs']\ncroot: '{folder}/bld'\n"
        )
        conda = clean_home / ".conda"
        conda.mkdir(exist_ok=True)
        (conda / "environments.txt").write_text(f"{folder}/envs/tf\n")
        hand_made(f"theirs-{number}", argv=[f"{folder}/other/bin/python"])
        mark = {"prefix": f"{folder}/mine", "kernel": "python3"}
        hand_made(f"conda-env-mine{number}-py", metadata={"tfenv_lab": mark})
        state = clean_home / ".local/state/tfenv_lab"
        state.mkdir(parents=True, exist_ok=True)
        choice = {"url": (folder / "channel").as_uri(), "instead_of": [tensorflow_channel.url]}
        (state / "local-channel.json").write_text(json.dumps(choice))

    return name


class TestAServerWhoseConfigurationNamesTheDrive:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any], name_everywhere: Callable[[int], None]) -> Any:
        name_everywhere(0)
        return jp_server_config

    async def test_the_event_loop_is_never_blocked(
        self, api: Api, jp_serverapp: Any, name_everywhere: Callable[[int], None]
    ) -> None:
        job = await api.apply(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
        assert job["state"] == "succeeded", job
        identifier = job["environment"]
        job = await api.apply(kind="update", environment=identifier, packages=["tensorflow"])
        assert job["state"] == "succeeded", job
        best: dict[str, float] = {}
        for number in range(1, 1 + TRIES):
            name_everywhere(number)
            built: list[Services] = []

            def build(built: list[Services] = built) -> Services:
                built.append(Services(api.services.configuration))
                return built[-1]

            shared = SharedServices(build)
            jp_serverapp.web_app.settings["tfenv_lab_services"] = shared
            gaps = await self.gaps(api, shared, identifier, number)
            await shared.stop()
            # The first requests came while the services were being built.
            assert len(built) == 1
            # A read that blocks the loop does so on every try.
            best = {name: min(gap, best.get(name, gap)) for name, gap in gaps.items()}
            if max(best.values()) <= LIMIT:
                return
        pytest.fail(f"the event loop was blocked for more than {LIMIT} s: {best}")

    async def gaps(self, api: Api, shared: SharedServices, identifier: str, number: int) -> dict[str, float]:
        """Return the loop's longest delay in each step, in seconds, beyond the delay that any busy thread causes."""

        async def call(method: str, path: str, body: Any = None) -> Any:
            status, answer = await api.call(method, path, body)
            assert status in (200, 201), answer
            return answer

        def plan(kind: str, **fields: Any) -> Awaitable[Any]:
            return call("POST", "plans", {"kind": kind, **fields})

        async with ticking() as longest:
            # A busy thread takes turns with the loop, more slowly on a busy machine.
            await asyncio.to_thread(work, 0.5)
            rest = longest()
            found = {}
            first = asyncio.gather(shared.start(), call("GET", "environments"), call("GET", "status"))
            _, listed, status = await asyncio.wait_for(first, 2 * BOUND)
            found["start"] = longest() - rest
            paths = [each["prefix"] for each in listed["environments"]]
            assert f"{status['envs_dirs'][0]['path']}/tf" in paths
            assert f"{status['envs_dir']}/tf" in paths
            steps: dict[str, Callable[[], Awaitable[Any]]] = {
                "environments": lambda: call("GET", "environments"),
                "create": lambda: plan("create", name=f"new{number}", tensorflow="2.19.*", python=PYTHON),
                "status": lambda: call("GET", "status"),
                "revert": lambda: plan("revert", environment=identifier, revision=0),
                "clone": lambda: plan("clone", environment=identifier, name=f"copy{number}"),
                "packages": lambda: call("GET", f"environments/{identifier}/packages"),
                "search": lambda: call("GET", "packages?query=num"),
                "kernelspec": lambda: call("PUT", f"environments/{identifier}/kernelspec", {}),
                "tensorflow": lambda: call("GET", "tensorflow"),
            }
            for name, step in steps.items():
                await asyncio.wait_for(step(), BOUND)
                found[name] = longest() - rest
        return found


async def planned(services: Services, **request: Any) -> Any:
    """Make a plan in bounded time, without blocking the loop for long."""
    async with ticking() as longest:
        try:
            return await asyncio.wait_for(services.plans.create({"kind": "create", "name": "tf", **request}), BOUND)
        finally:
            # An unbounded read on the loop would never end, so this limit need not be tight.
            assert longest() < 1


async def test_a_package_cache_on_it_has_nothing_to_offer(dead: Path, tensorflow_channel: TinyChannel) -> None:
    app = TfenvLab(channels=[tensorflow_channel.url], package_cache=str(dead / "pkgs"))
    services = await asyncio.to_thread(Services, app)
    plan = await planned(services, tensorflow="2.19.*", python=PYTHON)
    assert plan.download_bytes > 0


async def test_environments_on_it_cannot_be_created(dead: Path, tensorflow_channel: TinyChannel) -> None:
    app = TfenvLab(channels=[tensorflow_channel.url], envs_dir=str(dead / "envs"))
    services = await asyncio.to_thread(Services, app)
    with pytest.raises(NotFound, match="cannot be reached"):
        await planned(services, tensorflow="2.19.*", python=PYTHON)


async def test_a_channel_on_it_cannot_be_reached(dead: Path) -> None:
    services = await asyncio.to_thread(Services, TfenvLab(channels=[(dead / "channel").as_uri()]))
    with pytest.raises(ChannelUnreachable):
        await planned(services, packages=["numpy"])


async def test_protected_environments_on_it_stay_protected(dead: Path, clean_home: Path) -> None:
    (clean_home / ".conda").mkdir()
    (clean_home / ".conda" / "environments.txt").write_text(f"{dead}/envs/tf\n")
    app = TfenvLab(protected_environments=[str(dead / "envs" / "tf")])
    services = await asyncio.wait_for(asyncio.to_thread(Services, app), BOUND)
    listed = await asyncio.wait_for(services.environments.list(), BOUND)
    [found] = [each for each in listed if each.prefix == str(dead / "envs" / "tf")]
    assert found.protected_reason == "The server's configuration protects this environment."


async def test_services_are_built_again_after_a_failure() -> None:
    outcomes = iter([OSError("full"), None])

    def build() -> Services:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        return Services(TfenvLab(channels=["https://example.org/channel"]))

    shared = SharedServices(build)
    with pytest.raises(OSError, match="full"):
        await shared.get()
    first, second = await asyncio.gather(shared.get(), shared.get())
    assert first is second


async def test_services_that_were_never_built_are_not_stopped() -> None:
    await SharedServices(partial(pytest.fail, "was built")).stop()
