"""Suggestions for changes that have no solution; the solver confirms each."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import fill


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    """The usual channel, with packages that conflict with others."""
    channel.add("newer", "1.0", noarch="generic", depends=["tensorflow >=2.20"])
    channel.add("quarrel", "1.0", noarch="generic", constrains=["keras <1"])
    channel.add("oldpython", "1.0", noarch="generic", depends=["python <3"])
    return fill(channel)


async def refused(api: Api, made: Any, *specs: str) -> Any:
    """Plan an install that has no solution; return the hint."""
    request = {"kind": "install", "environment": made["id"], "specs": list(specs)}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (422, "unsatisfiable"), error
    assert error["details"]
    assert error["message"] == "No combination of packages satisfies this request."
    return error["hint"]


async def test_a_mistyped_name_is_corrected(api: Api, made: Any) -> None:
    assert await refused(api, made, "pandsa") == "No channel has “pandsa”; did you mean “pandas”?"


async def test_an_unknown_name_is_named(api: Api, made: Any) -> None:
    assert await refused(api, made, "qqqqqq", "pandas") == "No channel has “qqqqqq”."


async def test_a_version_that_exists_is_suggested(api: Api, made: Any) -> None:
    assert await refused(api, made, "pandas >=3") == "Use pandas 2.2.0 instead of “pandas >=3”."


async def test_another_tensorflow_is_suggested_for_the_same_variant(api: Api, made: Any) -> None:
    assert await refused(api, made, "tensorflow=2.21") == (
        "Use tensorflow 2.20.0 instead of “tensorflow 2.21.* cpu_*”."
    )


async def test_leaving_out_a_conflicting_package_is_suggested(api: Api, made: Any) -> None:
    assert await refused(api, made, "pandas", "quarrel") == "Leave out “quarrel”."


async def test_requesting_what_must_move_is_suggested(api: Api, made: Any) -> None:
    assert await refused(api, made, "newer") == (
        "Also request the packages that must move with it: tensorflow 2.19.1 → 2.20.0."
    )
    # That request does have a solution.
    plan = await api.plan(kind="install", environment=made["id"], specs=["newer", "tensorflow=2.20"])
    assert {entry["name"] for entry in plan["entries"]} >= {"newer", "tensorflow"}


async def test_there_is_no_hint_if_nothing_helps(api: Api, made: Any) -> None:
    assert await refused(api, made, "oldpython") is None
