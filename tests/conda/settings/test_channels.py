"""Test that a channel as users write it becomes a name and a clean URL by conda's rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tfenv_lab.conda.settings.channels import ChannelRef, ChannelRules, resolve, split_credentials

RULES = ChannelRules(
    alias="https://mirror.example/conda",
    custom={
        "bioconda": "https://bio.example/channels",
        "team/inner": "https://team.example",
        "pkgs/pro": "https://repo.anaconda.com",
    },
    multichannels={
        "defaults": ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"),
        "both": ("https://mirror.example/conda/one", "https://bio.example/channels/bioconda"),
    },
)


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("conda-forge", "conda-forge", "https://mirror.example/conda/conda-forge"),
        ("conda-forge/linux-64", "conda-forge", "https://mirror.example/conda/conda-forge"),
        ("conda-forge/label/dev", "conda-forge/label/dev", "https://mirror.example/conda/conda-forge/label/dev"),
        ("bioconda", "bioconda", "https://bio.example/channels/bioconda"),
        ("bioconda/label/x", "bioconda/label/x", "https://bio.example/channels/bioconda/label/x"),
        ("team/inner/deep", "team/inner/deep", "https://team.example/team/inner/deep"),
        ("team", "team", "https://mirror.example/conda/team"),
        ("https://other.example/chan/", "https://other.example/chan", "https://other.example/chan"),
        ("https://other.example/chan/noarch", "https://other.example/chan", "https://other.example/chan"),
        ("HTTPS://other.example/chan", "https://other.example/chan", "https://other.example/chan"),
        ("https://mirror.example/conda/conda-forge", "conda-forge", "https://mirror.example/conda/conda-forge"),
        ("https://bio.example/channels/bioconda", "both", "https://bio.example/channels/bioconda"),
        ("file:///srv/channel", "file:///srv/channel", "file:///srv/channel"),
        ("/srv/channel", "file:///srv/channel", "file:///srv/channel"),
        ("/srv/my channel", "file:///srv/my%20channel", "file:///srv/my%20channel"),
    ],
)
def test_one_channel(text: str, name: str, url: str) -> None:
    refs, carried = resolve(text, RULES)
    assert [(ref.name, ref.url) for ref in refs] == [(name, url)]
    assert carried == {}


def test_a_multichannel_is_its_members_in_order() -> None:
    refs, _ = resolve("defaults", RULES)
    assert [(ref.name, ref.url) for ref in refs] == [
        ("pkgs/main", "https://repo.anaconda.com/pkgs/main"),
        ("pkgs/r", "https://repo.anaconda.com/pkgs/r"),
    ]


def test_the_directory_of_conda_build_is_a_channel() -> None:
    rules = replace(RULES, multichannels={"local": ("file:///srv/conda-bld",)})
    assert resolve("local", rules) == ((ChannelRef("file:///srv/conda-bld", "file:///srv/conda-bld"),), {})


def test_a_relative_path_starts_with_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve("./channel", RULES)[0][0].url == (tmp_path / "channel").as_uri()


@pytest.mark.parametrize(
    ("url", "clean", "user", "password", "token"),
    [
        ("https://h.org/c", "https://h.org/c", None, None, None),
        ("https://u:p@h.org/c", "https://h.org/c", "u", "p", None),
        ("https://u%40x:p%2F%3A@h.org:8443/c/", "https://h.org:8443/c", "u@x", "p/:", None),
        ("https://h.org/t/tk-1/c", "https://h.org/c", None, None, "tk-1"),
        ("https://h.org/conda/t/tk-1", "https://h.org/conda", None, None, "tk-1"),
        ("https://h.org/t/tk-1/c/linux-64", "https://h.org/c/linux-64", None, None, "tk-1"),
        ("https://h.org/test/c", "https://h.org/test/c", None, None, None),
    ],
)
def test_credentials_are_taken_out(url: str, clean: str, user: str, password: str, token: str) -> None:
    found, credential = split_credentials(url)
    assert found == clean
    if user is None and token is None:
        assert credential is None
    else:
        assert credential is not None
        assert (credential.user, credential.password, credential.token) == (user, password, token)


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://h.org/t/tk-1/c", "https://h.org"),
        ("https://h.org/c/t/tk-1", "https://h.org"),
        ("https://u:p@h.org/conda/t/tk-1/c", "https://h.org/conda"),
        ("https://h.org/t/tk-1/conda/c", "https://h.org/conda"),
        ("https://mirror.example/t/tk-1/conda/c", "https://mirror.example/conda"),
        ("https://bio.example/t/tk-1/channels/bioconda/label/x", "https://bio.example/channels"),
    ],
)
def test_a_token_goes_in_front_of_the_channels_name(url: str, root: str) -> None:
    (ref,), carried = resolve(url, RULES)
    assert carried[ref.url].root == root


def test_a_channel_with_credentials_carries_them_by_its_clean_url() -> None:
    refs, carried = resolve("https://me:secret@h.org/t/tk-9/chan/linux-64", RULES)
    assert refs[0].url == "https://h.org/chan"
    assert (carried["https://h.org/chan"].password, carried["https://h.org/chan"].token) == ("secret", "tk-9")
    assert "secret" not in repr((refs, carried))
