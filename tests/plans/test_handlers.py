"""Test plans over REST: what would change, and every error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..test_environment_names import REFUSED
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, TAG


async def test_a_create_plan_lists_requested_packages_first_and_tensorflow_before_the_others(api: Api) -> None:
    plan = await api.plan(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON, packages=["pandas"])
    asked = [entry["name"] for entry in plan["entries"] if entry["requested"]]
    assert asked == ["tensorflow", "keras", "python", "ipykernel", "pandas", "pip"]
    assert [entry["name"] for entry in plan["entries"]][: len(asked)] == asked
    tensorflow = next(entry for entry in plan["entries"] if entry["name"] == "tensorflow")
    assert tensorflow["action"] == "install"
    assert tensorflow["from"] is None
    assert tensorflow["to"]["version"] == "2.19.1"
    assert plan["download_bytes"] == sum(entry["to"]["size"] for entry in plan["entries"])
    assert plan["sizes_complete"] is True


async def test_the_location_header_leads_to_the_plan(api: Api) -> None:
    plan = await api.plan(kind="create", name="tf", tensorflow="2.20.*")
    assert api.headers["Location"].endswith(f"/tfenv-lab/plans/{plan['id']}")
    status, again = await api.call("GET", f"plans/{plan['id']}")
    assert status == 200
    assert {**again, "free_bytes": None} == {**plan, "free_bytes": None}


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored["plan"]["change"].pop("lock"),
        lambda stored: stored["request"].update(kind="translate"),
        lambda stored: stored["request"].update(name="a/b"),
    ],
)
async def test_a_plan_of_another_version_is_not_found(api: Api, change: Callable[[Any], object]) -> None:
    plan = await api.plan(kind="create", name="tf", tensorflow="2.20.*")
    (path,) = Path(os.environ["HOME"]).glob(f".local/state/tfenv_lab/plans/{plan['id']}.json")
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (404, "not-found")
    assert "Another version" in error["message"]


async def test_the_equivalent_conda_command_quotes_and_overrides_channels(api: Api, tensorflow_channel: Any) -> None:
    plan = await api.plan(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
    assert plan["commands"] == [
        f"conda create --name tf --override-channels --channel {tensorflow_channel.url} "
        f"'tensorflow=2.19.*=cpu_*' 'python={PYTHON}.*' keras ipykernel pip"
    ]


async def test_the_command_carries_the_variables_that_the_plan_was_solved_under(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CUDA": "12.8", "GLIBC": "2.17", "LINUX": "", "OSX": "14"}.items():
        monkeypatch.setenv(f"CONDA_OVERRIDE_{name}", value)
    plan = await api.plan(kind="create", name="tf", tensorflow="2.19.*", cuda="12.6")
    variables = plan["commands"][0].split(" conda ")[0]
    assert variables == "CONDA_OVERRIDE_LINUX='' CONDA_OVERRIDE_GLIBC=2.17 CONDA_OVERRIDE_CUDA=12.6"


class TestVirtualPackagesOfCondarc:
    """``override_virtual_packages`` applies to the status, the catalog and every plan."""

    @pytest.fixture
    def settings(self, clean_home: Path) -> dict[str, Any]:
        (clean_home / ".condarc").write_text("override_virtual_packages: {cuda: '12.6'}", encoding="utf-8")
        return {}

    async def test_they_apply_to_status_catalog_plans_and_commands(self, api: Api) -> None:
        _, status = await api.call("GET", "status")
        assert status["gpu"] == {"detected": False, "cuda": "12.6", "driver": None, "devices": []}
        _, catalog = await api.call("GET", "tensorflow")
        for answer in (status, catalog):
            assert {"name": "__cuda", "version": "12.6", "build": "0"} in answer["virtual_packages"]
        plan = await api.plan(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
        assert plan["warnings"][0]["message"].startswith("condarc says CUDA 12.6")
        assert plan["commands"][0].startswith("CONDA_OVERRIDE_CUDA=12.6 conda create")

    async def test_a_variable_takes_precedence(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "")
        plan = await api.plan(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
        assert plan["warnings"] == []
        assert plan["commands"][0].startswith("CONDA_OVERRIDE_CUDA='' conda create")


async def test_a_plan_writes_nothing(api: Api, clean_home: Path) -> None:
    await api.plan(kind="create", name="tf", tensorflow="2.19.*")
    assert not (clean_home / ".conda").exists()


async def test_a_name_that_cannot_be_a_directory_is_refused(api: Api) -> None:
    for name in REFUSED:
        status, error = await api.call("POST", "plans", {"kind": "create", "name": name, "tensorflow": "2.19.*"})
        assert (status, error["reason"]) == (422, "invalid-name"), name


async def test_a_name_that_exists_is_refused(api: Api, clean_home: Path) -> None:
    (clean_home / ".conda/envs/tf").mkdir(parents=True)
    status, error = await api.call("POST", "plans", {"kind": "create", "name": "tf", "tensorflow": "2.19.*"})
    assert (status, error["reason"]) == (409, "prefix-exists")


BAD_SPECS = [
    ("--prefix=/tmp/x", 422, "invalid-spec"),
    ("-c evil", 422, "invalid-spec"),
    ("evil::tensorflow", 403, "channel-not-allowed"),
    ("https://example.org/x-1-0.conda", 422, "invalid-spec"),
    ("/tmp/x-1-0.conda", 422, "invalid-spec"),
    ("tensorflow==", 422, "invalid-spec"),
    ("numpy[url=file:///tmp/x-1-0.conda]", 422, "invalid-spec"),
    ("numpy[md5=00000000000000000000000000000000]", 422, "invalid-spec"),
    ("numpy; rm -rf ~", 422, "invalid-spec"),
    ("x" * 400, 422, "invalid-spec"),
    ("", 422, "invalid-spec"),
]


async def test_a_spec_never_becomes_an_option_a_path_or_another_channel(api: Api) -> None:
    for spec, status, reason in BAD_SPECS:
        request = {"kind": "create", "name": "tf", "tensorflow": None, "packages": [spec]}
        found, error = await api.call("POST", "plans", request)
        assert (found, error["reason"]) == (status, reason), spec


BAD_BODIES = [
    ("not json", "not valid JSON"),
    ("[]", "JSON object"),
    ('{"kind": "explode"}', "“kind”"),
    ('{"kind": "create"}', "“name”"),
    ('{"kind": "create", "name": 7}', "“name”"),
    ('{"kind": "create", "name": "x", "keras": ["3"]}', "“keras”"),
    ('{"kind": "create", "name": "x", "packages": "numpy"}', "“packages”"),
    ('{"kind": "create", "name": "x", "variant": "tpu"}', "“variant”"),
    ('{"kind": "create", "name": "x", "prefix": "/tmp"}', "“prefix”"),
    ('{"kind": "update", "environment": "x", "packages": []}', "“packages”"),
]


async def test_an_invalid_body_is_refused_with_the_name_of_the_field(api: Api) -> None:
    for body, field in BAD_BODIES:
        status, error = await api.call("POST", "plans", raw=body)
        assert (status, error["reason"]) == (400, "invalid-request"), body
        assert field in error["message"]


async def test_more_than_a_thousand_packages_are_refused(api: Api) -> None:
    create = {"kind": "create", "name": "new", "tensorflow": "2.19.*"}
    status, error = await api.call("POST", "plans", {**create, "packages": [f"p{n}" for n in range(1001)]})
    assert (status, error["reason"]) == (400, "invalid-request")
    assert "“packages” has 1001 items" in error["message"]
    status, error = await api.call("POST", "plans", {**create, "packages": [f"p{n}" for n in range(1000)]})
    assert (status, error["reason"]) == (422, "unsatisfiable")
    assert error["hint"].count("No channel has") == 5


async def test_two_specs_of_one_package_both_apply(api: Api, made: Any) -> None:
    create = {"kind": "create", "name": "new", "tensorflow": "2.19.*", "python": PYTHON}
    for body in ({**create, "packages": []}, {"kind": "install", "environment": made["id"], "specs": []}):
        field = "packages" if "packages" in body else "specs"
        status, error = await api.call("POST", "plans", {**body, field: ["numpy <2.2", "numpy >=2.2"]})
        assert (status, error["reason"]) == (422, "unsatisfiable")
        plan = await api.plan(**{**body, field: ["numpy <2.2", "numpy"]})
        assert "numpy<2.2" in plan["commands"][0]
    plan = await api.plan(**create, packages=["tensorflow"])
    assert "tensorflow=2.19.*=cpu_*" in plan["commands"][0]


async def test_an_unsatisfiable_request_is_explained_by_the_solver(api: Api) -> None:
    request = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": "3.9", "packages": []}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (422, "unsatisfiable")
    assert "python" in error["details"]
    assert PYTHON in error["hint"], "a Python that does solve is suggested"


async def test_an_unknown_plan_or_environment_is_not_found(api: Api) -> None:
    for method, path, body in (
        ("GET", "plans/0123456789abcdef", None),
        ("GET", "plans/..%2f..", None),
        ("POST", "plans", {"kind": "update", "environment": "nope", "packages": "all"}),
    ):
        status, error = await api.call(method, path, body)
        assert (status, error["reason"]) == (404, "not-found"), path


class TestChanges:
    """Plans for an existing environment."""

    async def test_updating_tensorflow_moves_only_its_family(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow", "keras"])
        assert {entry["name"]: entry["action"] for entry in plan["entries"]} == {
            "tensorflow": "upgrade",
            "tensorflow-base": "upgrade",
        }
        assert plan["entries"][0]["to"]["build"].startswith(f"cpu_py{TAG}")

    async def test_a_new_minor_version_gives_a_warning_that_offers_a_copy(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"])
        warning = next(w for w in plan["warnings"] if w["code"] == "tensorflow-minor")
        copied = await api.plan(**warning["plan_request"])
        assert copied["name"] == "tf-2"
        assert all(entry["action"] == "install" for entry in copied["entries"])

    @pytest.mark.parametrize("length", [62, 63, 64])
    async def test_a_copy_is_offered_only_if_its_name_is_not_too_long(self, api: Api, length: int) -> None:
        name = "t" * length
        await api.apply(kind="create", name=name, tensorflow="2.19.*", python=PYTHON)
        environment = await api.environment(name)
        plan = await api.plan(kind="update", environment=environment["id"], packages=["tensorflow"])
        [warning] = [w for w in plan["warnings"] if w["code"] == "tensorflow-minor"]
        assert (warning["plan_request"] is not None) == (length == 62)
        assert ("copy" in warning["message"]) == (length == 62)

    async def test_installing_another_package_does_not_move_tensorflow(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
        assert [(e["name"], e["action"], e["requested"]) for e in plan["entries"]] == [("pandas", "install", True)]

    @pytest.fixture
    def newer_keras(self, tensorflow_channel: TinyChannel) -> None:
        """One Keras that works with every release, and a newer one that works only with the newest."""
        for version, least in (("3.11.0", "2.19"), ("3.12.0", "2.20")):
            constrains = [f"tensorflow >={least}"]
            tensorflow_channel.add(
                "keras", version, noarch="generic", depends=["python", "numpy >=2"], constrains=constrains
            )
        tensorflow_channel.index()

    async def test_updating_keras_reaches_the_offered_version_and_does_not_move_tensorflow(
        self, api: Api, made: Any, newer_keras: None
    ) -> None:
        await api.call("GET", "tensorflow")
        _, environment = await api.call("GET", f"environments/{made['id']}")
        plan = await api.plan(kind="update", environment=made["id"], packages=["keras"])
        assert [(e["name"], e["to"]["version"]) for e in plan["entries"]] == [("keras", "3.11.0")]
        assert environment["update"]["keras"] == "3.11.0"

    async def test_an_update_does_not_move_a_tensorflow_that_was_requested_without_a_version(
        self, api: Api, made: Any, newer_keras: None
    ) -> None:
        history = Path(made["prefix"], "conda-meta", "history")
        history.write_text(history.read_text().replace("tensorflow 2.19.* cpu_*", "tensorflow"))
        plan = await api.plan(kind="update", environment=made["id"], packages=["keras", "numpy"])
        assert {e["name"]: e["to"]["version"] for e in plan["entries"]} == {"keras": "3.11.0", "numpy": "2.2.0"}

    async def test_a_requested_keras_version_stays_when_tensorflow_is_updated(
        self, api: Api, made: Any, newer_keras: None
    ) -> None:
        await api.apply(kind="install", environment=made["id"], specs=["keras <3.11", "pandas"])
        plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"])
        assert {e["name"] for e in plan["entries"]} == {"tensorflow", "tensorflow-base"}
        plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow", "keras"])
        assert {e["name"]: e["to"]["version"] for e in plan["entries"]}["keras"] == "3.12.0"

    async def test_updating_all_keeps_pythons_minor_version_and_the_variant(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="update", environment=made["id"], packages="all")
        moved = {entry["name"]: entry["to"]["version"] for entry in plan["entries"]}
        assert moved["tensorflow"] == "2.20.0"
        assert "python" not in moved
        assert plan["commands"][0].endswith("--all")

    async def test_removing_a_package_removes_its_dependents(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="remove", environment=made["id"], packages=["numpy"])
        assert {e["name"] for e in plan["entries"]} == {"numpy", "keras", "tensorflow", "tensorflow-base", "python_abi"}
        assert {e["action"] for e in plan["entries"]} == {"remove"}
        assert {w["message"].split(",")[0] for w in plan["warnings"] if w["code"] == "requested-removed"} == {
            "tensorflow",
            "keras",
        }

    async def test_removing_a_package_that_is_not_installed_is_not_found(self, api: Api, made: Any) -> None:
        request = {"kind": "remove", "environment": made["id"], "packages": ["pandas"]}
        status, error = await api.call("POST", "plans", request)
        assert (status, error["reason"]) == (404, "not-found")

    async def test_an_update_without_newer_versions_has_no_entries(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="update", environment=made["id"], packages=["ipykernel"])
        assert plan["entries"] == []

    async def test_another_tensorflow_by_version_keeps_the_variant(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="install", environment=made["id"], specs=["tensorflow=2.20"])
        assert "tensorflow=2.20.*=cpu_*" in plan["commands"][0]
        assert plan["entries"][0]["to"]["version"] == "2.20.0"
