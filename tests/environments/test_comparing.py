"""Test finding a package in all environments, and comparing environments and revisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tests.prefixes import add_dist_info, make_prefix
from tfenv_lab.environments.comparing import Comparison, Side, compare
from tfenv_lab.environments.discovery import id_of
from tfenv_lab.environments.finding import find


def texts(found: Comparison) -> list[tuple[str, str, str]]:
    def side(build: Any) -> str:
        return f"{build.version} {build.source}" if build else ""

    return [(each.name, side(each.left), side(each.right)) for each in found.differences]


class TestComparing:
    def test_versions_builds_and_what_one_side_lacks(self, envs: Path) -> None:
        a = make_prefix(envs / "a", ["zlib-1.3-h1_0", "h5py-3.1-py_0", "same-1.0-0"], python="3.11.9")
        b = make_prefix(envs / "b", ["zlib-1.3-h1_1", "rich-13.0-py_0", "same-1.0-0"], python="3.12.0")
        found = compare(Side("a", a), Side("b", b))
        assert texts(found) == [
            ("python", "3.11.9 conda", "3.12.0 conda"),
            ("h5py", "3.1 conda", ""),
            ("rich", "", "13.0 conda"),
            ("zlib", "1.3 conda", "1.3 conda"),
        ]
        assert found.same == 1

    def test_one_package_from_two_sources_is_one_line(self, envs: Path) -> None:
        a = make_prefix(envs / "a", ["ml_dtypes-0.5-py_0"], python="3.11.9")
        b = make_prefix(envs / "b", python="3.11.9")
        add_dist_info(b / "lib/python3.11/site-packages", "ml_dtypes", "0.5")
        assert texts(compare(Side("a", a), Side("b", b))) == [("ml_dtypes", "0.5 conda", "0.5 pypi")]

    def test_over_condas_package_the_one_of_pip_counts(self, envs: Path) -> None:
        a = make_prefix(envs / "a", ["numpy-1.26-py_0"], python="3.11.9")
        b = make_prefix(envs / "b", ["numpy-1.26-py_0"], python="3.11.9")
        add_dist_info(b / "lib/python3.11/site-packages", "numpy", "2.1")
        assert texts(compare(Side("a", a), Side("b", b))) == [("numpy", "1.26 conda", "2.1 pypi")]

    def test_an_environment_is_the_same_as_itself(self, tf: Path) -> None:
        found = compare(Side("tf", tf), Side("tf", tf))
        assert (texts(found), found.same) == ([], 3)

    async def test_the_revisions_of_an_environment(self, api: Api, made: Any) -> None:
        await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
        path = f"environments/{made['id']}/comparison"
        status, body = await api.call("GET", f"{path}?revision=0")
        assert (status, body["left"], body["right"]) == (
            200, {"name": "tf", "revision": 0}, {"name": "tf", "revision": None},
        )  # fmt: skip
        assert body["differences"][0]["name"] == "tensorflow"
        sides = [body["differences"][0][side]["version"] for side in ("left", "right")]
        assert sides == ["2.19.1", "2.20.0"]
        assert (await api.call("GET", f"{path}?revision=1"))[1]["differences"] == []
        _, back = await api.call("GET", f"{path}?revision=1&with_revision=0")
        assert [back["differences"][0][side]["version"] for side in ("left", "right")] == ["2.20.0", "2.19.1"]

    async def test_what_cannot_be_compared(self, api: Api, made: Any) -> None:
        path = f"environments/{made['id']}/comparison"
        assert (await api.call("GET", f"{path}?with=nothing"))[1]["reason"] == "not-found"
        assert (await api.call("GET", f"{path}?revision=7"))[1]["reason"] == "not-found"
        assert (await api.call("GET", f"{path}?revision=x"))[1]["reason"] == "invalid-request"
        next(Path(made["prefix"]).glob("conda-meta/tfenv_lab/00000.lock")).write_text("damaged")
        assert (await api.call("GET", f"{path}?revision=0"))[1]["reason"] == "not-found"


class TestFinding:
    def test_a_package_of_conda_and_of_pip(self, envs: Path) -> None:
        prefix = make_prefix(envs / "a", ["ml_dtypes-0.5-py_0", "ml_dtypes_extra-1-0"], python="3.11.9")
        add_dist_info(prefix / "lib/python3.11/site-packages", "ml_dtypes", "0.6")
        for name in ("ml_dtypes", "ML-dtypes", "ml.dtypes"):
            assert [(each.name, each.version, each.source) for each in find(prefix, "1", name)] == [
                ("ml_dtypes", "0.5", "conda"), ("ml-dtypes", "0.6", "pypi"),
            ]  # fmt: skip

    def test_what_conda_installed_is_not_counted_twice(self, envs: Path) -> None:
        prefix = make_prefix(envs / "a", ["rich-13.0-py_0"], python="3.11.9")
        add_dist_info(prefix / "lib/python3.11/site-packages", "rich", "13.0", installer="conda")
        assert [each.source for each in find(prefix, "1", "rich")] == ["conda"]

    @pytest.mark.parametrize("name", ["h5", "h5py-x", "*", "../h5py"])
    def test_only_whole_names_are_found(self, envs: Path, name: str) -> None:
        assert find(make_prefix(envs / "a", ["h5py-3.1-py_0"]), "1", name) == []

    async def test_all_environments_are_searched(self, api: Api, envs: Path) -> None:
        for name, version in (("a", "3.1"), ("b", "3.2")):
            make_prefix(envs / name, [f"h5py-{version}-py_0"])
        make_prefix(envs / "c", ["zlib-1-0"])
        status, body = await api.call("GET", "installed-packages?name=h5py")
        assert status == 200
        found = {each["environment"]: each["version"] for each in body["packages"]}
        assert found == {id_of(envs / "a"): "3.1", id_of(envs / "b"): "3.2"}
        assert (await api.call("GET", "installed-packages?name=nothing"))[1] == {"packages": []}
        assert (await api.call("GET", "installed-packages"))[0] == 400
