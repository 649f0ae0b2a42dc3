"""What would work instead of a change that has no solution: computed on the solver, and true."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import fill


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    """The usual channel, with packages that are hard to please."""
    channel.add("newer", "1.0", noarch="generic", depends=["tensorflow >=2.20"])
    channel.add("quarrel", "1.0", noarch="generic", constrains=["keras <1"])
    channel.add("oldpython", "1.0", noarch="generic", depends=["python <3"])
    return fill(channel)


async def refused(api: Api, made: Any, *specs: str) -> Any:
    """Plan an install, which must have no solution; return the hint."""
    request = {"kind": "install", "environment": made["id"], "specs": list(specs)}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (422, "unsatisfiable"), error
    assert error["details"]
    assert error["message"] == "No combination of packages satisfies this request."
    return error["hint"]


async def test_a_name_that_was_mistyped(api: Api, made: Any) -> None:
    assert await refused(api, made, "pandsa") == "No channel holds “pandsa”; did you mean “pandas”?"


async def test_a_name_that_nobody_has(api: Api, made: Any) -> None:
    assert await refused(api, made, "qqqqqq", "pandas") == "No channel holds “qqqqqq”."


async def test_another_version(api: Api, made: Any) -> None:
    assert await refused(api, made, "pandas >=3") == "“pandas >=3” does not fit; pandas 2.2.0 does."


async def test_another_version_of_tensorflow_is_one_for_the_same_hardware(api: Api, made: Any) -> None:
    assert await refused(api, made, "tensorflow=2.21") == (
        "“tensorflow 2.21.* cpu_*” does not fit; tensorflow 2.20.0 does."
    )


async def test_the_package_that_does_not_fit(api: Api, made: Any) -> None:
    assert await refused(api, made, "pandas", "quarrel") == "Without “quarrel” it works."


async def test_what_was_asked_for_earlier_and_is_in_the_way(api: Api, made: Any) -> None:
    assert await refused(api, made, "newer") == (
        "It works if what was asked for earlier may move: tensorflow 2.19.1 → 2.20.0."
    )
    # It is true.
    plan = await api.plan(kind="install", environment=made["id"], specs=["newer", "tensorflow=2.20"])
    assert {entry["name"] for entry in plan["entries"]} >= {"newer", "tensorflow"}


async def test_nothing_where_nothing_helps(api: Api, made: Any) -> None:
    assert await refused(api, made, "oldpython") is None
