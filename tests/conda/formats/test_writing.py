"""Test exports: the contents of each format, and comments on what a format cannot hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rattler import PackageRecord, RepoDataRecord
from rattler.explicit_environment import ExplicitEnvironmentSpec
from rattler.package.build_string import BuildString

from tfenv_lab.conda.formats import reading
from tfenv_lab.conda.formats.model import FORMATS, NOTEBOOK, Contents
from tfenv_lab.conda.formats.writing import export
from tfenv_lab.conda.prefix import lock
from tfenv_lab.conda.prefix.pypi import PypiPackage
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.errors import InvalidRequest
from tfenv_lab.pypi.models import Distribution

FORGE = ChannelRef("conda-forge", "https://conda.anaconda.org/conda-forge")
#: Formats that other tools read.
FILES = [format_ for format_ in FORMATS if format_ != NOTEBOOK]
SHA, MD5 = "ab" * 32, "cd" * 16


def _record(name: str, version: str, *depends: str, base: str = FORGE.url, hashed: bool = True) -> RepoDataRecord:
    record = PackageRecord(
        name,
        version,
        BuildString("h1_0"),
        0,
        "linux-64",
        depends=list(depends),
        sha256=bytes.fromhex(SHA) if hashed else None,
        md5=bytes.fromhex(MD5) if hashed else None,
    )
    file = f"{name}-{version}-h1_0.conda"
    return RepoDataRecord(record, file, f"{base}/linux-64/{file}", base)


@pytest.fixture
def contents() -> Contents:
    return Contents(
        name="tf",
        records=[_record("b", "2.0", "a >=1,<2", "__glibc >=2.17"), _record("a", "1.5")],
        requested={"b": "b 2.* h1_*"},
        pypi=[],
        channels=[FORGE],
        subdir="linux-64",
    )


def test_environment_yml_lists_the_requested_specs(contents: Contents) -> None:
    text = export(contents, "environment-yml")
    assert yaml.safe_load(text) == {
        "name": "tf",
        "channels": ["conda-forge"],
        "dependencies": ["b=2.*=h1_*"],
    }


def test_environment_yml_can_hold_every_package(contents: Contents) -> None:
    body = yaml.safe_load(export(contents, "environment-yml", "all"))
    assert body["dependencies"] == ["a=1.5=h1_0", "b=2.0=h1_0"]


def test_an_environment_without_requests_lists_every_package_and_says_so(contents: Contents) -> None:
    text = export(replace(contents, requested={}), "environment-yml")
    assert text.startswith("# No requested specs are recorded")
    assert yaml.safe_load(text)["dependencies"] == ["a=1.5=h1_0", "b=2.0=h1_0"]


def test_pips_packages_have_their_section(contents: Contents, tmp_path: Path) -> None:
    info = tmp_path / "mine-0.1.dist-info"
    info.mkdir()
    (info / "direct_url.json").write_text("{}")
    pypi = [PypiPackage("mine", "0.1", info), PypiPackage("seaborn", "0.13", tmp_path / "none")]
    text = export(replace(contents, pypi=pypi), "environment-yml")
    assert yaml.safe_load(text)["dependencies"][1:] == ["pip", {"pip": ["seaborn==0.13"]}]
    assert "# Left out because it was installed from a path or a URL: mine==0.1\n" in text
    only = export(replace(contents, pypi=pypi[:1]), "environment-yml")
    assert yaml.safe_load(only)["dependencies"] == ["b=2.*=h1_*"]
    for format_ in ("explicit", "conda-lock", "pixi-lock"):
        assert "# Left out because pip installed it: seaborn==0.13\n" in export(replace(contents, pypi=pypi), format_)


def test_requirements_leave_out_what_the_index_may_not_have(contents: Contents, tmp_path: Path) -> None:
    info = tmp_path / "mine-0.1.dist-info"
    info.mkdir()
    (info / "direct_url.json").write_text("{}")
    pypi = [PypiPackage("mine", "0.1", info), PypiPackage("seaborn", "0.13", tmp_path / "none")]
    lines = export(replace(contents, pypi=pypi), "requirements").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["seaborn==0.13"]
    assert "# Left out because it was installed from a path or a URL: mine==0.1" in lines


def test_a_package_that_a_plan_installed_from_a_place_never_becomes_a_name(contents: Contents, tmp_path: Path) -> None:
    commit, wheel = f"git+https://a.example/theirs@{'ab' * 20}", "https://a.example/ours-0.3-py3-none-any.whl"
    distributions = (
        Distribution("mine", "0.1", "file:///home/mine"),
        Distribution("built", "0.1", "file:///home/built-0.1-py3-none-any.whl", SHA),
        Distribution("theirs", "0.2", commit),
        Distribution("ours", "0.3", wheel, SHA),
    )
    asked = {"built": "built @ file:///home/built-0.1-py3-none-any.whl", "ours": f"ours @ {wheel}"}
    pypi = [PypiPackage(each.name, each.version, tmp_path) for each in distributions]
    found = replace(contents, pypi=pypi, distributions=distributions, requirements=asked)
    pip = yaml.safe_load(export(found, "environment-yml"))["dependencies"][-1]["pip"]
    assert pip == [f"theirs @ {commit}", f"ours @ {wheel}"]
    lines = export(found, "requirements").splitlines()
    assert lines[-2:] == [f"theirs @ {commit}", f"ours @ {wheel} --hash=sha256:{SHA}"]
    for format_ in ("environment-yml", "requirements"):
        for name in ("mine", "built"):
            words = f"# Left out because it was installed from a path or a URL: {name}==0.1\n"
            assert export(found, format_).count(name) == export(found, format_).count(words) == 1


def test_explicit_lists_addresses_with_hashes_dependencies_first(contents: Contents) -> None:
    lines = export(contents, "explicit").splitlines()
    assert lines == [
        "# platform: linux-64",
        "# requested: b=2.*=h1_*",
        "@EXPLICIT",
        f"{FORGE.url}/linux-64/a-1.5-h1_0.conda#sha256:{SHA}",
        f"{FORGE.url}/linux-64/b-2.0-h1_0.conda#sha256:{SHA}",
    ]


def test_explicit_is_read_by_rattlers_own_parser(contents: Contents, tmp_path: Path) -> None:
    file = tmp_path / "tf.txt"
    file.write_text(export(contents, "explicit"), encoding="utf-8")
    found = ExplicitEnvironmentSpec.from_path(file)
    assert str(found.platform) == "linux-64"
    assert [package.url for package in found.packages] == [
        f"{FORGE.url}/linux-64/{name}-h1_0.conda#sha256:{SHA}" for name in ("a-1.5", "b-2.0")
    ]


def test_conda_lock_has_the_shape_of_version_1(contents: Contents) -> None:
    body = yaml.safe_load(export(contents, "conda-lock"))
    assert body["version"] == 1
    assert set(body["metadata"]) == {"content_hash", "channels", "platforms", "sources"}
    assert body["metadata"]["channels"] == [{"url": FORGE.url, "used_env_vars": []}]
    assert len(body["metadata"]["content_hash"]["linux-64"]) == 64
    assert body["package"][1] == {
        "name": "b",
        "version": "2.0",
        "manager": "conda",
        "platform": "linux-64",
        "dependencies": {"a": ">=1,<2", "__glibc": ">=2.17"},
        "url": f"{FORGE.url}/linux-64/b-2.0-h1_0.conda",
        "hash": {"md5": MD5, "sha256": SHA},
        "category": "main",
        "optional": False,
    }


def test_pixi_lock_is_rattlers_own(contents: Contents) -> None:
    records = lock.loads(export(contents, "pixi-lock"))["linux-64"]
    assert [(r.name.normalized, str(r.version), r.sha256) for r in records] == [
        ("a", "1.5", bytes.fromhex(SHA)),
        ("b", "2.0", bytes.fromhex(SHA)),
    ]


@pytest.mark.parametrize("format_", ["explicit", "conda-lock", "pixi-lock"])
def test_every_lock_is_read_back_with_address_hash_and_requests(contents: Contents, format_: str) -> None:
    found = reading.read(export(contents, format_), None, "linux-64")
    assert found.format == format_
    assert found.specs == ("b=2.*=h1_*",)
    pinned: Any = found.pinned
    assert [(package.url.rpartition("/")[2], package.sha256) for package in pinned] == [
        ("a-1.5-h1_0.conda", SHA),
        ("b-2.0-h1_0.conda", SHA),
    ]


@pytest.mark.parametrize("format_", ["explicit", "conda-lock", "pixi-lock", "pylock"])
def test_every_lock_holds_the_files_of_an_index_and_what_was_requested_of_it(contents: Contents, format_: str) -> None:
    commit = "git+https://g.example/x.git@" + "01" * 20 + "#subdirectory=sub"
    distributions = [
        Distribution("greet-me", "1.0+cpu", "https://f.example/greet_me-1.0%2Bcpu-py3-none-any.whl", SHA),
        Distribution("hello", "2", "file:///srv/some%20wheels/hello-2-py3-none-any.whl", "cd" * 32),
        Distribution("source", "3", "https://f.example/source-3.tar.gz", "ef" * 32),
        Distribution("tool", "4", commit),
        Distribution("folder", "5", "file:///srv/folder"),
    ]
    full = replace(
        contents, distributions=distributions, requirements={"greet-me": "greet-me[x]>=1", "tool": f"tool @ {commit}"}
    )
    found = reading.read(export(full, format_), None, "linux-64")
    assert sorted(found.index.requested) == ["greet-me[x]>=1", f"tool @ {commit}"]
    packages = {each.name: each for each in found.index.packages}
    files = {name: [(f.url, f.sha256) for f in each.files] for name, each in packages.items()}
    assert files == {each.name: [(each.url, each.sha256)] if each.sha256 else [] for each in distributions}
    assert {name: each.direct for name, each in packages.items() if each.direct} == {
        "tool": commit,
        "folder": "file:///srv/folder",
    }


@pytest.mark.parametrize("format_", FILES)
def test_no_credentials_leave_the_machine(contents: Contents, format_: str) -> None:
    secret = _record("a", "1.5", base="https://me:hunter2@host.example/t/tk-12345/private")
    text = export(replace(contents, records=[secret], channels=[FORGE]), format_, "all")
    assert "hunter2" not in text
    assert "tk-12345" not in text


@pytest.mark.parametrize("format_", [name for name in FILES if name not in ("pylock", "requirements")])
def test_a_local_channel_is_said(contents: Contents, format_: str) -> None:
    local = ChannelRef("file:///srv/channel", "file:///srv/channel")
    assert "# The channel file:///srv/channel exists only on the machine" in export(
        replace(contents, records=[_record("a", "1.5", base=local.url)], channels=[local]), format_
    )


@pytest.mark.parametrize("format_", ["explicit", "conda-lock", "pixi-lock"])
def test_a_missing_hash_is_said(contents: Contents, format_: str) -> None:
    text = export(replace(contents, records=[_record("a", "1.5", hashed=False)], requested={}), format_)
    assert "# Without a hash: a\n" in text


def test_an_unknown_format_or_detail_is_refused(contents: Contents) -> None:
    for format_, detail in (("toml", "requested"), ("environment-yml", "some")):
        with pytest.raises(InvalidRequest):
            export(contents, format_, detail)


async def test_the_endpoint_answers_in_text_and_refuses_what_it_does_not_know(api: Any, made: Any) -> None:
    status, text = await api.call("GET", f"environments/{made['id']}/export?format=explicit")
    assert (status, api.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert "tensorflow-2.19.1-" in text
    for path, code, reason in (
        (f"environments/{made['id']}/export?format=toml", 400, "invalid-request"),
        (f"environments/{made['id']}/export", 400, "invalid-request"),
        ("environments/none/export?format=explicit", 404, "not-found"),
    ):
        status, error = await api.call("GET", path)
        assert (status, error["reason"]) == (code, reason), path
