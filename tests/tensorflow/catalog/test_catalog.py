from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.environments.models import AvailableUpdate, EnvironmentFacts, Keras, TensorFlow
from tfenv_lab.errors import ChannelUnreachable, InvalidRequest
from tfenv_lab.tensorflow.catalog import catalog as module
from tfenv_lab.tensorflow.catalog.catalog import Catalog

from ...conda.http_channel import HttpChannel
from ..conftest import MACHINE, Forge, get, release_of, variant_of

CatalogOf = Callable[..., Catalog]


class TestTable:
    def test_newest_release_first_newest_cuda_first_cpu_last(self, forge: Forge, catalog_of: CatalogOf) -> None:
        for variant in ("cuda118", "cpu", "cuda120"):
            forge.tensorflow("2.15.0", variant, "3.11")
        forge.tensorflow("2.9.1", "cpu", "3.10")
        forge.tensorflow("2.19.1", "cpu", "3.12")
        model = get(catalog_of(forge.index()))
        assert [release.version for release in model.releases] == ["2.19.1", "2.15.0", "2.9.1"]
        assert [variant.name for variant in model.releases[1].variants] == ["cuda12.0", "cuda11.8", "cpu"]

    def test_pythons_are_those_of_each_variant_oldest_first(self, forge: Forge, catalog_of: CatalogOf) -> None:
        for python in ("3.12", "3.10", "3.11"):
            forge.tensorflow("2.19.1", "cpu", python)
        forge.tensorflow("2.19.1", "cuda128", "3.12")
        model = get(catalog_of(forge.index(), {"CUDA": "12.8"}))
        assert release_of(model, "2.19.1").python == ["3.10", "3.11", "3.12"]
        assert variant_of(model, "2.19.1", "cpu").python == ["3.10", "3.11", "3.12"]
        assert variant_of(model, "2.19.1", "cuda12.8").python == ["3.12"]

    def test_old_builds_without_a_prefix_are_for_the_cpu(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.add("tensorflow", "2.4.1", build="py310hf3d152e_0", depends=["python >=3.10,<3.11.0a0"])
        variant = variant_of(get(catalog_of(forge.index())), "2.4.1", "cpu")
        assert (variant.python, variant.installable) == (["3.10"], True)

    def test_a_build_for_any_python_has_all_of_the_channels(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.add("tensorflow", "2.19.1", build="0", depends=["python"])
        assert variant_of(get(catalog_of(forge.index())), "2.19.1", "cpu").python == ["3.10", "3.11", "3.12", "3.13"]

    def test_published_is_the_day_of_the_first_build(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.19.1", "cpu", "3.11", extra_index={"timestamp": 1764398317507})
        forge.tensorflow("2.19.1", "cpu", "3.11", 4, extra_index={"timestamp": 1773597776527})
        forge.tensorflow("2.18.0", "cpu", "3.11", extra_index={"timestamp": 0})
        model = get(catalog_of(forge.index()))
        assert release_of(model, "2.19.1").published == "2025-11-29"
        assert release_of(model, "2.18.0").published in (None, "1970-01-01")

    def test_keras_is_the_best_that_the_release_takes(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.19.1", "cpu", "3.11", base=["keras >=3.5"])
        forge.tensorflow("2.15.0", "cpu", "3.11", base=["keras >=2.15,<2.16"])
        model = get(catalog_of(forge.index()))
        assert release_of(model, "2.19.1").keras == "3.5.0"
        assert release_of(model, "2.15.0").keras == "2.15.0"

    def test_keras_is_told_for_what_cannot_be_installed_here_too(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.15.0", "cuda118", "3.11", base=["keras >=2.15,<2.16"])
        assert release_of(get(catalog_of(forge.index())), "2.15.0").keras == "2.15.0"

    def test_the_catalog_names_the_channels_and_the_machine(self, forge: Forge, catalog_of: CatalogOf) -> None:
        url = forge.index()
        model = get(catalog_of(url))
        assert (model.subdir, model.channels) == ("linux-64", [{"name": "forge", "url": url}])
        assert {"name": "__glibc", "version": "2.36", "build": "0"} in model.virtual_packages
        assert model.age_seconds is None


class TestPrereleases:
    @pytest.fixture
    def catalog(self, forge: Forge, catalog_of: CatalogOf) -> Catalog:
        for version in ("2.20.0rc0", "2.20.0rc1", "2.19.1", "2.18.0.post1"):
            forge.tensorflow(version, "cpu", "3.11")
        return catalog_of(forge.index())

    def test_are_hidden(self, catalog: Catalog) -> None:
        assert [release.version for release in get(catalog).releases] == ["2.19.1", "2.18.0.post1"]

    def test_are_shown_on_request_and_never_recommended(self, catalog: Catalog) -> None:
        releases = get(catalog, prereleases=True).releases
        assert [release.version for release in releases if release.prerelease] == ["2.20.0rc1", "2.20.0rc0"]
        assert [release.version for release in releases if release.recommended] == ["2.19.1"]


class TestRecommended:
    def test_the_newest_that_can_be_installed_here(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.19.1", "cuda128", "3.12")
        forge.tensorflow("2.18.0", "cpu", "3.12")
        forge.tensorflow("2.17.0", "cpu", "3.12")
        url = forge.index()
        model = get(catalog_of(url))
        assert [release.version for release in model.releases if release.recommended] == ["2.18.0"]
        model = get(catalog_of(url, {"CUDA": "12.8"}))
        assert [release.version for release in model.releases if release.recommended] == ["2.19.1"]

    def test_none_is_recommended_if_none_can_be_installed(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.19.1", "cuda128", "3.12")
        model = get(catalog_of(forge.index()))
        assert not any(release.recommended for release in model.releases)
        assert model.message == (
            "No release can be installed on this machine: "
            "TensorFlow 2.19.1 needs a driver for CUDA 12, but this machine has none."
        )


class TestReasons:
    def test_no_driver(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.18.0", "cuda126", "3.11")
        forge.tensorflow("2.15.0", "cuda118", "3.11")
        model = get(catalog_of(forge.index()))
        assert variant_of(model, "2.18.0", "cuda12.6").reason == "needs a driver for CUDA 12, but this machine has none"
        assert variant_of(model, "2.15.0", "cuda11.8").reason == "needs a driver for CUDA 11, but this machine has none"

    def test_the_reason_names_the_old_driver_and_the_required_one(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.add("cuda-version", "12.6", constrains=["__cuda >=12"])
        forge.tensorflow("2.18.0", "cuda126", "3.11", base=["cuda-version >=12.6,<13"])
        url = forge.index()
        assert variant_of(get(catalog_of(url, {"CUDA": "11.8"})), "2.18.0", "cuda12.6").reason == (
            "needs a driver for CUDA 12 or newer, but this machine's driver supports CUDA 11.8"
        )
        assert variant_of(get(catalog_of(url, {"CUDA": "12.0"})), "2.18.0", "cuda12.6").installable

    @pytest.mark.parametrize(
        ("glibc", "reason"),
        [
            ("2.17", "needs glibc 2.28 or newer, but this machine has 2.17"),
            ("", "needs glibc 2.28 or newer, but this machine has none"),
            ("2.28", None),
        ],
    )
    def test_an_old_c_library(self, forge: Forge, catalog_of: CatalogOf, glibc: str, reason: str | None) -> None:
        forge.tensorflow("2.18.0", "cpu", "3.11", base=["__glibc >=2.28,<3.0.a0"])
        catalog = catalog_of(forge.index(), {"GLIBC": glibc})
        assert variant_of(get(catalog), "2.18.0", "cpu").reason == reason

    @pytest.mark.parametrize(
        ("processor", "reason"),
        [
            ("x86_64_v3", None),
            ("haswell", None),
            ("x86_64", "needs an x86-64-v3 processor, but this machine's (x86_64) is x86-64-v1"),
            ("novelty", "the channels have no package for this machine's processor (novelty)"),
            ("", "needs the type of the processor, which was not detected"),
        ],
    )
    def test_a_processor_that_is_too_old(
        self, forge: Forge, catalog_of: CatalogOf, processor: str, reason: str | None
    ) -> None:
        for level, name in ((1, "x86_64"), (3, "x86_64_v3"), (3, "haswell")):
            level_package = "_x86_64-microarch-level"
            forge.add(level_package, str(level), build=f"3_{name}", depends=[f"__archspec 1.* {name}"])
        forge.tensorflow("2.19.1", "cpu", "3.11", base=["_x86_64-microarch-level >=3"])
        catalog = catalog_of(forge.index(), {"ARCHSPEC": processor})
        assert variant_of(get(catalog), "2.19.1", "cpu").reason == reason

    def test_a_package_that_no_channel_has(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.add("jax", "0.4.0", depends=["jaxlib >=0.4"])
        forge.tensorflow("2.12.1", "cpu", "3.11", base=["jax"])
        assert variant_of(get(catalog_of(forge.index())), "2.12.1", "cpu").reason == (
            "jax needs jaxlib >=0.4, which no channel has"
        )

    def test_a_dependency_of_a_cpu_build_that_needs_a_driver(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.add("jax", "0.4.0", depends=["__cuda"])
        forge.tensorflow("2.12.1", "cpu", "3.11", base=["jax"])
        url = forge.index()
        assert variant_of(get(catalog_of(url)), "2.12.1", "cpu").reason == (
            "needs jax, and all builds of it on the channels need a CUDA driver"
        )
        assert variant_of(get(catalog_of(url, {"CUDA": "12.6"})), "2.12.1", "cpu").installable

    def test_one_python_of_a_variant(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.18.0", "cpu", "3.11")
        forge.tensorflow("2.18.0", "cpu", "3.12", base=["__glibc >=2.40"])
        variant = variant_of(get(catalog_of(forge.index())), "2.18.0", "cpu")
        assert (variant.installable, variant.reason) == (True, None)
        assert [(blocked.python, blocked.reason) for blocked in variant.blocked] == [
            ("3.12", "needs glibc 2.40 or newer, but this machine has 2.36")
        ]


class TestOtherPlatforms:
    @pytest.mark.parametrize(
        ("subdir", "hint"), [("win-64", "WSL 2"), ("osx-arm64", "have no TensorFlow for osx-arm64")]
    )
    def test_an_empty_list_with_a_sentence(self, forge: Forge, catalog_of: CatalogOf, subdir: str, hint: str) -> None:
        forge.tensorflow("2.19.1", "cpu", "3.11")
        model = get(catalog_of(forge.index(), subdir=subdir))
        assert model.releases == []
        assert hint in (model.message or "")


class TestFreshness:
    def test_a_rewritten_channel_is_seen(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.18.0", "cpu", "3.11")
        catalog = catalog_of(forge.index())
        assert [release.version for release in get(catalog).releases] == ["2.18.0"]
        forge.tensorflow("2.19.1", "cpu", "3.11")
        forge.index()
        assert [release.version for release in get(catalog).releases] == ["2.19.1", "2.18.0"]

    def test_concurrent_requests_build_it_once(
        self, forge: Forge, catalog_of: CatalogOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forge.tensorflow("2.18.0", "cpu", "3.11")
        catalog = catalog_of(forge.index())
        builds = 0
        names = Repodata.names

        async def counted(repodata: Repodata) -> list[str]:
            nonlocal builds
            builds += 1
            return await names(repodata)

        # Only building the catalog reads the names.
        monkeypatch.setattr(Repodata, "names", counted)

        async def ask() -> None:
            await asyncio.gather(*(catalog.get() for _ in range(5)))
            await catalog.get(prereleases=True)

        asyncio.run(ask())
        assert builds == 1

    def test_an_assumed_cuda_version_has_its_own_listing(self, forge: Forge, catalog_of: CatalogOf) -> None:
        forge.tensorflow("2.18.0", "cuda126", "3.11")
        catalog = catalog_of(forge.index())
        assert get(catalog, cuda="12.6").releases[0].variants[0].installable
        assert not get(catalog).releases[0].variants[0].installable
        with pytest.raises(InvalidRequest):
            get(catalog, cuda="latest")

    def test_cached_data_has_an_age(self, forge: Forge) -> None:
        forge.tensorflow("2.18.0", "cpu", "3.11")
        forge.index()
        http = HttpChannel(forge.root)
        http.up()
        settings = CondaSettings(channels=(ChannelRef("remote", http.url),), envs_dirs=(), pkgs_dirs=())
        assert get(Catalog(Repodata(settings, "linux-64"), MACHINE)).age_seconds is None
        http.down()
        model = get(Catalog(Repodata(settings, "linux-64"), MACHINE))
        assert [release.version for release in model.releases] == ["2.18.0"]
        assert model.age_seconds is not None
        assert 0 <= model.age_seconds < 300

    def test_an_unreachable_channel_is_named(self, catalog_of: CatalogOf, tmp_path: Path) -> None:
        with pytest.raises(ChannelUnreachable, match="“forge”"):
            get(catalog_of((tmp_path / "none").as_uri()))

    def test_only_the_needed_names_of_a_large_channel_are_read(
        self, forge: Forge, catalog_of: CatalogOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forge.add("deep", "1.0")
        forge.add("lib", "1.0", depends=["deep"])
        forge.add("unrelated", "1.0")
        forge.tensorflow("2.18.0", "cpu", "3.11", base=["lib"])
        forge.tensorflow("2.17.0", "cpu", "3.11", base=["lib", "gone"])
        url = forge.index()
        whole = get(catalog_of(url))
        asked: set[str] = set()
        records = Repodata.records

        async def watched(self: Repodata, names: list[str]) -> object:
            asked.update(names)
            return await records(self, names)

        monkeypatch.setattr(Repodata, "records", watched)
        monkeypatch.setattr(module, "SMALL", 0)
        assert get(catalog_of(url)) == whole
        assert {"tensorflow-base", "lib", "deep", "gone"} <= asked
        assert "unrelated" not in asked


class TestUpdates:
    """Updates that a list of environments shows, from memory."""

    FACTS = EnvironmentFacts(
        id="x",
        prefix=Path("/x"),
        python="3.11.4",
        tensorflow=TensorFlow("2.18.0", "cpu_py311h0_0", "cpu", "conda"),
        keras=Keras("3.3.0", "conda"),
    )

    @pytest.fixture
    def catalog(self, forge: Forge, catalog_of: CatalogOf) -> Catalog:
        forge.tensorflow("2.20.0rc0", "cpu", "3.11")
        forge.tensorflow("2.20.0", "cpu", "3.12")
        forge.tensorflow("2.19.1", "cpu", "3.11")
        forge.tensorflow("2.19.1", "cuda128", "3.11")
        forge.tensorflow("2.18.0", "cpu", "3.11")
        return catalog_of(forge.index())

    def test_there_is_no_update_before_the_catalog_is_built(self, catalog: Catalog) -> None:
        assert catalog.updates(self.FACTS) == AvailableUpdate()

    def test_the_newest_stable_release_for_the_same_python_and_hardware(self, catalog: Catalog) -> None:
        get(catalog)
        assert catalog.updates(self.FACTS) == AvailableUpdate(tensorflow="2.19.1", keras="3.5.0")

    def test_the_newest_release_has_no_update(self, catalog: Catalog) -> None:
        get(catalog)
        newest = EnvironmentFacts(
            id="x",
            prefix=Path("/x"),
            python="3.11.4",
            tensorflow=TensorFlow("2.19.1", "cpu_py311h0_0", "cpu", "conda"),
            keras=Keras("3.5.0", "conda"),
        )
        assert catalog.updates(newest) == AvailableUpdate()

    @pytest.mark.parametrize(
        "facts",
        [
            EnvironmentFacts(id="x", prefix=Path("/x"), python="3.11.4"),
            EnvironmentFacts(
                id="x", prefix=Path("/x"), python="3.11.4", tensorflow=TensorFlow("2.1", None, None, "pypi")
            ),
        ],
    )
    def test_there_is_no_update_without_condas_tensorflow(self, catalog: Catalog, facts: EnvironmentFacts) -> None:
        get(catalog)
        assert catalog.updates(facts) == AvailableUpdate()

    def test_an_assumed_cuda_version_does_not_change_updates(self, catalog: Catalog) -> None:
        get(catalog, cuda="12.8")
        assert catalog.updates(self.FACTS) == AvailableUpdate()
