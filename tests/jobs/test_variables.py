"""Variables of environments over REST: setting and removing them, who has them, and when they cannot be changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from string import Template
from typing import Any

import pytest
from jupyter_client.manager import AsyncKernelManager

from tests.checkable import check, create, fill
from tests.conftest import Api
from tests.kernels.on_disk import spec_of
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import SITE
from tfenv_lab.conda.transaction import prefix_lock


def path_of(environment: Any) -> str:
    return f"environments/{environment['id']}/variables"


def state(environment: Any) -> Path:
    return Path(environment["prefix"]) / "conda-meta" / "state"


#: Values of several lines, and with what means something in JSON, YAML, a shell or a template.
VALUES = {
    "two lines": "--a=1\n--b=2",
    "empty lines and spaces": "\n a\n\n  b\t \n\n",
    "quotes and templates": 'it\'s "$HOME" ${HOME} `x` \\\n# b: {c}\n%s',
    "other ends of lines": "a\r\nb\u2028c\u0085d\x0be",
    "only an end": "\n",
}
values = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)


async def put(api: Api, environment: Any, **values: str | None) -> Any:
    status, found = await api.call("PUT", path_of(environment), values)
    assert status == 200, found
    assert await api.call("GET", path_of(environment)) == (200, found)
    return found


async def refused(api: Api, environment: Any, values: Any) -> tuple[int, str]:
    before = state(environment).read_bytes() if state(environment).exists() else None
    status, error = await api.call("PUT", path_of(environment), values)
    assert (state(environment).read_bytes() if state(environment).exists() else None) == before
    return status, error["reason"]


async def test_variables_are_set_replaced_and_removed(api: Api, made: Any) -> None:
    assert await api.call("GET", path_of(made)) == (200, {})
    assert await put(api, made, TF_CPP_MIN_LOG_LEVEL="2", XLA_FLAGS="--a=1 --b") == {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "XLA_FLAGS": "--a=1 --b",
    }
    assert await put(api, made, XLA_FLAGS="$HOME 'x' \"y\"\nü") == {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "XLA_FLAGS": "$HOME 'x' \"y\"\nü",
    }
    assert await put(api, made, XLA_FLAGS=None, UNKNOWN=None) == {"TF_CPP_MIN_LOG_LEVEL": "2"}
    assert await put(api, made, TF_CPP_MIN_LOG_LEVEL="") == {"TF_CPP_MIN_LOG_LEVEL": ""}
    assert await put(api, made, TF_CPP_MIN_LOG_LEVEL=None) == {}


async def test_they_are_where_conda_keeps_them_and_the_rest_of_its_file_stays(api: Api, made: Any) -> None:
    state(made).write_text(json.dumps({"version": 1, "env_vars": {"OLD": "1", "GONE": "***unset***"}}))
    assert await api.call("GET", path_of(made)) == (200, {"OLD": "1"})
    await put(api, made, NEW="2", GONE=None)
    assert json.loads(state(made).read_text()) == {"version": 1, "env_vars": {"OLD": "1", "NEW": "2"}}


async def test_a_name_replaces_the_same_name_in_other_letters_because_conda_sets_upper_case(
    api: Api, made: Any
) -> None:
    state(made).write_text(json.dumps({"env_vars": {"mode": "1"}}))
    assert await put(api, made, MODE="2") == {"MODE": "2"}
    assert await put(api, made, mode=None) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"": "1"},
        {"1A": "1"},
        {"A B": "1"},
        {"A=B": "1"},
        {"--A": "1"},
        {"Ü": "1"},
        {"A\n": "1"},
        {"PATH": "/x"},
        {"CONDA_PREFIX": "/x"},
        {"Path": None},
        {"A": 1},
        {"A": True},
        {"A": ["1"]},
        {"A": "\0"},
        {"A": "\ud800"},
        {"A": "***unset***"},
        {"A": "x" * 140_000},
        {"A": "1", "a": "2"},
        {"GOOD": "1", "B-AD": "2"},
        [],
        "A=1",
    ],
)
async def test_what_cannot_be_a_variable_is_refused_and_changes_nothing(api: Api, made: Any, values: Any) -> None:
    assert await refused(api, made, values) == (400, "invalid-request")


@pytest.mark.parametrize("text", ["{", "[1]", '{"env_vars": 3}'])
async def test_a_file_that_is_not_condas_is_not_overwritten(api: Api, made: Any, text: str) -> None:
    state(made).write_text(text)
    assert await api.call("GET", path_of(made)) == (200, {})
    assert await refused(api, made, {"A": "1"}) == (400, "invalid-request")


async def test_a_link_to_another_file_is_not_written_through(api: Api, made: Any, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("{}")
    state(made).symlink_to(tmp_path / "theirs")
    await put(api, made, A="1")
    assert (tmp_path / "theirs").read_text() == "{}"


# Who has them


@values
async def test_a_kernel_starts_with_every_line(api: Api, made: Any, value: str) -> None:
    await put(api, made, XLA_FLAGS=value)
    manager = AsyncKernelManager(kernel_name="conda-env-tf-py")
    _, started = await manager._async_pre_start_kernel(env=dict(os.environ))
    assert manager.provisioner is not None
    await manager.provisioner.cleanup(restart=False)
    manager.cleanup_connection_file()
    assert started["env"]["XLA_FLAGS"] == value
    # A Jupyter without this package fills in the kernelspec's template.
    assert Template(spec_of("conda-env-tf-py")["env"]["XLA_FLAGS"]).safe_substitute() == value


async def test_the_kernel_has_them_at_once(api: Api, made: Any) -> None:
    await put(api, made, XLA_FLAGS="--a=$HOME")
    assert spec_of("conda-env-tf-py")["env"]["XLA_FLAGS"] == "--a=$$HOME"
    await put(api, made, XLA_FLAGS=None)
    assert "XLA_FLAGS" not in spec_of("conda-env-tf-py")["env"]


class TestCheck:
    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel, tmp_path: Path) -> TinyChannel:
        return fill(channel, tmp_path / "pip")

    @pytest.fixture(autouse=True)
    def clean_variables(self, jp_environ: None, monkeypatch: pytest.MonkeyPatch) -> None:
        # Servers in tests start with a PYTHONPATH that has this interpreter's packages.
        for name in ("PYTHONPATH", "KERAS_BACKEND"):
            monkeypatch.delenv(name, raising=False)

    async def test_a_check_has_them_and_is_outdated_by_a_change(self, api: Api) -> None:
        environment = await create(api)
        assert (await check(api, environment))["problems"] == []
        assert (await api.environment("tf"))["check"]["outdated"] is False
        await put(api, environment, KERAS_BACKEND="torch")
        assert (await api.environment("tf"))["check"]["outdated"] is True
        assert [problem["code"] for problem in (await check(api, environment))["problems"]] == ["keras-backend"]
        await put(api, environment, KERAS_BACKEND=None)
        assert (await check(api, environment))["problems"] == []

    async def test_a_check_has_every_line_and_is_outdated_by_a_change_of_one(self, api: Api) -> None:
        environment = await create(api)
        python = Path(environment["prefix"]) / SITE / "tensorflow" / "__init__.py"
        seen = Path(environment["prefix"]) / "seen"
        code = f"import os; open({str(seen)!r}, 'w', newline='').write(os.environ['XLA_FLAGS'])\n{python.read_text()}"
        python.unlink()
        python.write_text(code)
        for value in VALUES.values():
            await put(api, environment, XLA_FLAGS=value)
            found = (await api.environment("tf"))["check"]
            assert found is None or found["outdated"] is True
            await check(api, environment)
            assert seen.read_bytes().decode() == value
            assert (await api.environment("tf"))["check"]["outdated"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "clone", "name": "other"},
        {"kind": "rename", "name": "other"},
        {"kind": "update", "packages": "all"},
        {"kind": "install", "specs": ["pandas"]},
        {"kind": "revert", "revision": 0},
    ],
    ids=lambda change: change["kind"],
)
async def test_every_change_keeps_them(api: Api, made: Any, change: dict[str, Any]) -> None:
    await put(api, made, MODE="fast")
    if change["kind"] == "revert":
        assert (await api.apply(kind="install", environment=made["id"], specs=["pandas"]))["state"] == "succeeded"
    job = await api.apply(environment=made["id"], **change)
    assert job["state"] == "succeeded", job
    other = await api.environment(Path(job["prefix"]).name)
    assert await api.call("GET", path_of(other)) == (200, {"MODE": "fast"})
    await put(api, other, MODE="slow")
    if change["kind"] == "clone":
        assert await api.call("GET", path_of(made)) == (200, {"MODE": "fast"})


@values
@pytest.mark.parametrize("kind", ["clone", "rename"])
async def test_a_copy_and_a_new_name_keep_every_line(api: Api, made: Any, kind: str, value: str) -> None:
    await put(api, made, XLA_FLAGS=value)
    assert (await api.apply(kind=kind, environment=made["id"], name="other"))["state"] == "succeeded"
    assert await api.call("GET", path_of(await api.environment("other"))) == (200, {"XLA_FLAGS": value})
    assert Template(spec_of("conda-env-other-py")["env"]["XLA_FLAGS"]).safe_substitute() == value


@pytest.mark.parametrize("format_", ["environment-yml", "explicit", "conda-lock", "pixi-lock", "notebook"])
async def test_exports_and_notebook_records_contain_them(api: Api, made: Any, format_: str) -> None:
    values = {f"V{number}": value for number, value in enumerate(["--a=1 --b", "", *VALUES.values()])}
    await put(api, made, **values)
    status, found = await api.call("GET", f"environments/{made['id']}/export?format={format_}")
    assert status == 200
    content = found if isinstance(found, str) else json.dumps(found)
    job = await api.apply(kind="import", name="again", content=content)
    assert job["state"] == "succeeded", job
    assert await api.call("GET", path_of(await api.environment("again"))) == (200, values)


# When they cannot be changed


async def test_a_protected_environment_refuses(api: Api, made: Any) -> None:
    (Path(made["prefix"]) / "conda-meta/frozen").write_text("{}")
    assert await refused(api, made, {"A": "1"}) == (403, "protected")
    assert await api.call("GET", path_of(made)) == (200, {})


async def test_an_unknown_environment(api: Api) -> None:
    assert (await api.call("GET", "environments/unknown/variables"))[0] == 404
    assert (await api.call("PUT", "environments/unknown/variables", {"A": "1"}))[0] == 404


async def test_they_do_not_change_while_a_job_changes_the_environment(api: Api, made: Any) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
    async with api.services.jobs.running.slots, api.services.jobs.running.slots:
        _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
        assert await refused(api, made, {"A": "1"}) == (409, "prefix-busy")
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    await put(api, made, A="1")


async def test_they_do_not_change_while_another_program_holds_the_lock(api: Api, made: Any) -> None:
    with prefix_lock.hold(Path(made["prefix"]), "other"):
        assert await refused(api, made, {"A": "1"}) == (409, "prefix-busy")
    await put(api, made, A="1")


async def test_a_change_makes_a_plan_stale_and_one_that_changes_nothing_does_not(api: Api, made: Any) -> None:
    await put(api, made, A="1")
    plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
    await put(api, made, A="1", B=None)
    assert (await api.call("GET", f"plans/{plan['id']}"))[0] == 200
    await put(api, made, A="2")
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (409, "stale-plan")
