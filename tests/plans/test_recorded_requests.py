"""Test plans for environments with requested specs that other programs wrote, in the history or in the records."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, fill

ADDRESS = "https://unreachable.invalid/channel/noarch/numpy-2.1.0-0.conda"
#: Specs of numpy that cannot be read.
UNREADABLE = (
    "numpy >>2.0",
    "numpy>=2,<",
    "numpy[",
    "numpy[version='>=2',md5=none]",
    "numpy[file_name=numpy-2.1.0-0.conda]",
    "numpy; if python",
    "numpy ü\u200b=\x00",
    "numpy \ud800",
)
#: Specs of numpy by an address or a file.
ADDRESSES = (
    ADDRESS,
    f"{ADDRESS}#0123456789abcdef0123456789abcdef",
    "file:///home/u/Downloads/numpy-2.1.0-0.tar.bz2",
    "/home/u/Downloads/numpy-2.1.0-0.conda",
    "./numpy-2.1.0-0.conda",
    "numpy-2.1.0-0.conda",
    "C:\\Users\\u\\numpy-2.1.0-0.conda",
    f"numpy @ {ADDRESS}",
    "numpy@https://unreachable.invalid/numpy-2.1.0.tar.gz",
    f"numpy[url={ADDRESS}]",
    f"numpy[version='2.1.*',url='{ADDRESS}']",
)
#: Specs of numpy 2.1.0 that name a channel that is not configured.
CHANNELS = (
    "private::numpy",
    "conda-forge/linux-64::numpy==2.1.0=0",
    "https://mirror.invalid/conda-forge::numpy=2.1",
    "numpy[channel='https://mirror.invalid/conda-forge',subdir=noarch]",
)
#: Specs that numpy 2.1.0 does not meet.
OUTDATED = ("numpy=1.26", "numpy==2.1.1", "numpy >=2.2", "numpy 2.1.* *_7", "conda-forge::numpy[version='<2']")


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    """The usual channel, with a package to install, and one that is to be installed from a file."""
    channel.add("rich", "1.0", noarch="generic", depends=["python"])
    return fill(channel)


def ask(made: Any, *specs: object) -> Path:
    """Add requested specs to the history as conda writes them; return its path."""
    history = Path(made["prefix"], "conda-meta", "history")
    with history.open("ab") as file:
        file.write(b"==> 2025-05-10 13:39:52 <==\n# cmd: conda install\n")
        file.write(f"# update specs: {list(specs)!r}\n".encode())
    return history


def ask_in_record(made: Any, name: str, specs: object) -> None:
    """Record requested specs in a package's record, and remove the history's."""
    meta = Path(made["prefix"], "conda-meta")
    (meta / "history").write_text("")
    record = next(meta.glob(f"{name}-[0-9]*.json"))
    record.write_text(json.dumps({**json.loads(record.read_text()), "requested_specs": specs}))


def warning(plan: Any, code: str) -> Any:
    return next((each for each in plan["warnings"] if each["code"] == code), None)


def changes(plan: Any) -> dict[str, str | None]:
    return {entry["name"]: entry["to"] and entry["to"]["version"] for entry in plan["entries"]}


REQUESTS: tuple[dict[str, Any], ...] = (
    {"kind": "install", "specs": ["rich"]},
    {"kind": "update", "packages": ["tensorflow"]},
    {"kind": "update", "packages": "all"},
    {"kind": "install", "specs": ["rich"], "into": "copy"},
    {"kind": "remove", "packages": ["keras"]},
)


class TestUnreadable:
    async def test_it_does_not_count_and_is_named(self, api: Api, made: Any) -> None:
        for spec in UNREADABLE:
            ask(made, spec)
            plan = await api.plan(kind="install", environment=made["id"], specs=["rich"])
            assert changes(plan) == {"rich": "1.0"}, spec
            found = warning(plan, "request-unreadable")
            shown = spec.encode(errors="replace").decode()
            assert found["message"] == (
                "The history of this environment has an earlier request that cannot be read and does not count: "
                f"“{shown}”."
            )
            assert found["plan_request"]["specs"] == ["rich", "numpy"]
        # The history keeps it until the user lets go of it.
        request = {"kind": "install", "environment": made["id"], "specs": ["pandas"]}
        assert (await api.apply(**request))["state"] == "succeeded"
        assert (await api.apply(**found["plan_request"]))["state"] == "succeeded"
        assert (await api.plan(kind="update", environment=made["id"], packages=["rich"]))["warnings"] == []

    async def test_every_kind_of_plan_is_possible(self, api: Api, made: Any) -> None:
        ask(made, *UNREADABLE, "", "*", "@x", 7, None, ["numpy>>1"])
        for request in REQUESTS:
            await api.plan(**request, environment=made["id"])

    async def test_an_export_has_the_installed_version(self, api: Api, made: Any) -> None:
        ask(made, UNREADABLE[0])
        status, text = await api.call("GET", f"environments/{made['id']}/export?format=environment-yml")
        assert status == 200, text
        assert "numpy=2.1.0" in text

    async def test_one_in_a_record_does_not_count_either(self, api: Api, made: Any) -> None:
        for specs in (["numpy >>1"], [], ["", "numpy >>1"]):
            ask_in_record(made, "numpy", specs)
            plan = await api.plan(kind="install", environment=made["id"], specs=["rich"])
            assert (warning(plan, "request-unreadable") is not None) == bool(specs)

    async def test_a_record_without_a_list_of_specs_is_named(self, api: Api, made: Any) -> None:
        request = {"kind": "install", "environment": made["id"], "specs": ["rich"]}
        for specs in ("numpy >>1", 7, {"numpy": 1}, [None]):
            ask_in_record(made, "numpy", specs)
            status, error = await api.call("POST", "plans", request)
            assert status == 400
            assert "numpy-2.1.0-0.json" in error["message"]
            status, _ = await api.call("GET", f"environments/{made['id']}/packages")
            assert status == 200

    async def test_a_history_in_another_encoding_is_kept(self, api: Api, made: Any) -> None:
        history = ask(made, "numpy=2.1")
        with history.open("ab") as file:
            file.write(b"==> 2025-05-11 13:39:52 <==\n# cmd: conda install caf\xe9\n# update specs: ['caf\xe9']\n")
        before = history.read_bytes()
        job = await api.apply(kind="install", environment=made["id"], specs=["rich"])
        assert job["state"] == "succeeded", job
        assert history.read_bytes().startswith(before)

    async def test_a_damaged_line_is_passed_over(self, api: Api, made: Any) -> None:
        with ask(made).open("a") as file:
            for line in ("[" * 3000, "[{[]: 1}]", "[1] + [2]", "['\\x']", "['\\ud800']", "[b'numpy']"):
                file.write(f"# update specs: {line}\n")
        assert changes(await api.plan(kind="install", environment=made["id"], specs=["rich"])) == {"rich": "1.0"}


class TestAddress:
    async def test_the_package_counts_by_its_name(self, api: Api, made: Any) -> None:
        for spec in ADDRESSES:
            ask(made, spec)
            plan = await api.plan(kind="install", environment=made["id"], specs=["rich"])
            assert (changes(plan), plan["warnings"]) == ({"rich": "1.0"}, []), spec
            plan = await api.plan(kind="update", environment=made["id"], packages=["numpy"])
            assert changes(plan) == {"numpy": "2.2.0"}, spec
        _, found = await api.call("GET", f"environments/{made['id']}/packages")
        assert next(package for package in found["packages"] if package["name"] == "numpy")["requested"]

    async def test_every_kind_of_plan_is_possible(self, api: Api, made: Any) -> None:
        ask(made, *ADDRESSES, "https://unreachable.invalid/numpy.git", "tensorflow @ https://unreachable.invalid/x")
        for request in REQUESTS:
            await api.plan(**request, environment=made["id"])

    async def test_one_in_a_record_counts_by_its_name_too(self, api: Api, made: Any) -> None:
        ask_in_record(made, "numpy", [ADDRESS])
        plan = await api.plan(kind="install", environment=made["id"], specs=["rich"])
        assert changes(plan) == {"rich": "1.0"}

    async def test_a_package_that_no_channel_has_stays(
        self, api: Api, made: Any, tensorflow_channel: TinyChannel
    ) -> None:
        await api.apply(kind="install", environment=made["id"], specs=["rich"])
        ask(made, "/home/u/rich-1.0-0.conda")
        (tensorflow_channel.root / "noarch" / "rich-1.0-0.conda").unlink()
        await asyncio.to_thread(tensorflow_channel.index)
        plan = await api.plan(kind="update", environment=made["id"], packages="all")
        assert changes(plan)["tensorflow"] == "2.20.0"
        assert "rich" not in changes(plan)
        plan = await api.plan(kind="update", environment=made["id"], packages=["rich"])
        assert plan["entries"] == []
        assert warning(plan, "not-on-channels")["message"] == "rich 1.0 stays, because no channel has it."


class TestChannel:
    async def test_another_channel_in_a_request_is_not_in_the_way(self, api: Api, made: Any) -> None:
        for spec in CHANNELS:
            history = ask(made, spec)
            plan = await api.plan(kind="install", environment=made["id"], specs=["rich"])
            assert (changes(plan), plan["warnings"]) == ({"rich": "1.0"}, []), spec
            plan = await api.plan(kind="update", environment=made["id"], packages=["numpy"])
            assert changes(plan) == {"numpy": "2.2.0"}, spec
        # A change keeps the request as it was written.
        before = history.read_text()
        await api.apply(kind="install", environment=made["id"], specs=["rich"])
        assert history.read_text().startswith(before)
        assert "numpy" not in history.read_text()[len(before) :]


class TestOutdated:
    async def test_it_does_not_move_the_package(self, api: Api, made: Any) -> None:
        for spec in OUTDATED:
            ask(made, spec)
            plan = await api.plan(kind="install", environment=made["id"], specs=["rich"])
            assert changes(plan) == {"rich": "1.0"}, spec
            found = warning(plan, "request-outdated")
            assert f"“{spec}” (2.1.0)" in found["message"]
        assert (await api.apply(**found["plan_request"]))["state"] == "succeeded"
        plan = await api.plan(kind="update", environment=made["id"], packages=["keras"])
        assert plan["warnings"] == []

    async def test_an_install_does_not_downgrade_tensorflow(self, api: Api, made: Any) -> None:
        await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
        ask(made, "tensorflow=2.19")
        plan = await api.plan(kind="install", environment=made["id"], specs=["rich"])
        assert changes(plan) == {"rich": "1.0"}
        plan = await api.plan(kind="update", environment=made["id"], packages=["keras"])
        assert plan["entries"] == []
        found = warning(plan, "request-outdated")
        assert found["message"] == (
            "An earlier request does not count, because the installed version is different: “tensorflow=2.19” (2.20.0)."
        )
        plan = await api.plan(**found["plan_request"])
        assert (plan["entries"], plan["forgets"]) == ([], ["tensorflow=2.19"])
        assert (await api.apply(**found["plan_request"]))["state"] == "succeeded"
        plan = await api.plan(kind="update", environment=made["id"], packages=["keras"])
        assert (plan["entries"], plan["warnings"], plan["forgets"]) == ([], [], [])

    async def test_an_update_of_the_package_replaces_it(self, api: Api, made: Any) -> None:
        history = ask(made, "numpy==1.26")
        plan = await api.plan(kind="update", environment=made["id"], packages=["numpy"])
        assert (changes(plan), plan["warnings"]) == ({"numpy": "2.2.0"}, [])
        await api.apply(kind="update", environment=made["id"], packages=["numpy"])
        assert "numpy 2.2.*" in history.read_text()


class TestLock:
    """Every package is requested exactly, as after conda-lock or ``conda create --file``."""

    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel) -> TinyChannel:
        """A channel whose TensorFlow needs a tensorboard of its minor version."""
        for version in ("2.19.0", "2.20.0"):
            channel.add("tensorboard", version, noarch="generic", depends=["python"])
        channel.add("bridge", "1.0", noarch="generic", depends=["python", "tensorboard 2.19.*"])
        channel.add("bridge", "2.0", noarch="generic", depends=["python", "tensorboard 2.20.*"])
        return fill(channel)

    SPECS = (f"python={PYTHON}", "tensorflow==2.19.1", "tensorflow-base==2.19.1", "tensorboard==2.19.0", "numpy==2.1.0")

    async def test_the_update_of_tensorflow_is_possible(self, api: Api, made: Any) -> None:
        ask(made, *self.SPECS[:3])
        plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"])
        assert changes(plan)["tensorflow"] == "2.20.0"

    async def test_what_holds_an_update_back_is_named_and_offered(self, api: Api, made: Any) -> None:
        await api.apply(kind="install", environment=made["id"], specs=["bridge=1"])
        ask(made, *self.SPECS, "bridge")
        plan = await api.plan(kind="update", environment=made["id"], packages=["bridge"])
        assert plan["entries"] == []
        found = warning(plan, "held-back")
        assert found["message"] == (
            "bridge 2.0 is available, but “tensorboard==2.19.0”, which you requested earlier, holds it back."
        )
        plan = await api.plan(**found["plan_request"])
        assert changes(plan) == {"bridge": "2.0", "tensorboard": "2.20.0"}

    async def test_a_refused_install_names_what_must_move(self, api: Api, made: Any) -> None:
        ask(made, *self.SPECS)
        request = {"kind": "install", "environment": made["id"], "specs": ["tensorflow=2.20"]}
        status, error = await api.call("POST", "plans", request)
        assert status == 422
        assert error["hint"] == ("Also request the packages that must move with it: tensorflow-base 2.19.1 → 2.20.0.")
