"""Test notebook records: writing, reading, and refusing malformed ones."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tfenv_lab.conda.formats import notebook, reading
from tfenv_lab.conda.formats.model import Contents
from tfenv_lab.conda.prefix.pypi import PypiPackage
from tfenv_lab.errors import InvalidRequest
from tfenv_lab.pypi.models import Distribution

from .test_writing import FORGE, SHA, _record

VERSIONS = {"python": "3.11.9", "tensorflow": "2.19.1", "keras": None}


@pytest.fixture
def contents() -> Contents:
    return Contents(
        name="tf",
        records=[_record("b", "2.0", "a >=1,<2"), _record("a", "1.5")],
        requested={"b": "b 2.* h1_*"},
        pypi=[PypiPackage("seaborn", "0.13", Path("none"))],
        channels=[FORGE],
        subdir="linux-64",
    )


def _text(contents: Contents, **change: Any) -> str:
    return json.dumps({**notebook.write(contents, VERSIONS), **change})


def test_a_record_has_the_requested_specs_and_the_lock(contents: Contents) -> None:
    record = notebook.write(contents, VERSIONS)
    lock = zlib.decompress(base64.b64decode(record.pop("lock"))).decode()
    assert lock.splitlines() == [
        f"{FORGE.url}/linux-64/a-1.5-h1_0.conda#sha256:{SHA}",
        f"{FORGE.url}/linux-64/b-2.0-h1_0.conda#sha256:{SHA}",
    ]
    assert len(record.pop("fingerprint")) == 32
    assert record == {
        "version": 1,
        "name": "tf",
        "platform": "linux-64",
        "channels": ["conda-forge"],
        "specs": ["b=2.*=h1_*"],
        "pip": ["seaborn==0.13"],
        "local": [],
        "variables": {},
        **VERSIONS,
    }


def test_the_fingerprint_is_that_of_the_set_of_packages(contents: Contents) -> None:
    first = notebook.write(contents, VERSIONS)["fingerprint"]
    again = notebook.write(replace(contents, name="other", records=list(reversed(contents.records))), {})
    assert again["fingerprint"] == first
    assert notebook.write(replace(contents, pypi=[]), {})["fingerprint"] != first
    assert notebook.write(replace(contents, records=[_record("a", "1.6")]), {})["fingerprint"] != first


def test_on_its_platform_it_is_read_back_as_exact_packages(contents: Contents) -> None:
    found = reading.read(_text(contents), None, "linux-64")
    assert (found.format, found.specs, found.pypi) == ("notebook", ("b=2.*=h1_*",), ("seaborn==0.13",))
    assert [(package.url.rpartition("/")[2], package.sha256) for package in found.pinned or ()] == [
        ("a-1.5-h1_0.conda", SHA),
        ("b-2.0-h1_0.conda", SHA),
    ]


def test_the_lock_has_the_packages_from_an_index_and_from_a_repository(contents: Contents) -> None:
    commit = "git+https://g.example/mine.git@" + "01" * 20
    pypi = [
        PypiPackage(name, version, Path("none")) for name, version in (("seaborn", "0.13"), ("mine", "1"), ("x", "2"))
    ]
    distributions = [
        Distribution("seaborn", "0.13", "https://f.example/seaborn-0.13-py3-none-any.whl", SHA),
        Distribution("mine", "1", commit),
    ]
    full = replace(contents, pypi=pypi, distributions=distributions, requirements={"seaborn": "seaborn>=0.12"})
    found = reading.read(_text(full), None, "linux-64")
    assert [(each.name, each.direct, [(f.url, f.sha256) for f in each.files]) for each in found.index.packages] == [
        ("seaborn", "", [("https://f.example/seaborn-0.13-py3-none-any.whl", SHA)]),
        ("mine", commit, []),
    ]
    assert found.index.requested == ("seaborn>=0.12",)
    assert found.pypi == ("x==2",), "the lock does not have it"
    elsewhere = reading.read(_text(full), None, "osx-arm64")
    assert elsewhere.pypi == ("seaborn==0.13", "mine==1", "x==2")


def test_on_another_platform_the_requested_specs_are_solved(contents: Contents) -> None:
    found = reading.read(_text(contents), None, "osx-arm64")
    assert (found.pinned, found.specs, found.channels) == (None, ("b=2.*=h1_*",), ("conda-forge",))
    assert "linux-64" in found.notes[0]


def test_without_a_lock_the_requested_specs_are_solved(contents: Contents) -> None:
    found = reading.read(_text(contents, lock=None), None, "linux-64")
    assert (found.pinned, found.specs, found.notes) == (None, ("b=2.*=h1_*",), ())


def test_a_whole_notebook_is_read_and_is_valid(contents: Contents) -> None:
    metadata = {notebook.KEY: json.loads(_text(contents))}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []}
    nbformat.validate(document)
    found = reading.read(json.dumps(document), None, "linux-64")
    assert found.format == "notebook"
    assert len(found.pinned or ()) == 2


def test_no_credentials_are_kept(contents: Contents) -> None:
    secret = _record("a", "1.5", base="https://me:hunter2@host.example/t/tk-12345/private")
    text = _text(replace(contents, records=[secret]))
    lock = zlib.decompress(base64.b64decode(json.loads(text)["lock"])).decode()
    assert "private/linux-64/a-1.5" in lock
    for secret_text in ("hunter2", "tk-12345"):
        assert secret_text not in text + lock


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


HOSTILE = [
    ({"version": 2}, "unsupported version"),
    ({"lock": "not base64!"}, "cannot be read"),
    ({"lock": base64.b64encode(b"not zlib").decode()}, "cannot be read"),
    ({"lock": base64.b64encode(zlib.compress(b"\xff\xfe")).decode()}, "cannot be read"),
    ({"lock": _packed("x" * 50_000_000)}, "larger than 5 MB"),
    ({"lock": base64.b64encode(zlib.compress(b"cut short")[:-4]).decode()}, "damaged"),
    ({"lock": _packed("../../etc/passwd#x")}, "line of an explicit list"),
    ({"lock": {"a": 1}}, "“lock” has an invalid value"),
    ({"specs": "numpy"}, "“specs” must be a list"),
    ({"specs": [1]}, "“specs” has an invalid value"),
    ({"channels": [["x"]]}, "“channels” has an invalid value"),
    ({"pip": {"a": "b"}}, "“pip” must be a list"),
    ({"platform": None}, "“platform” has an invalid value"),
    ({"lock": None, "specs": []}, "neither packages"),
]


@pytest.mark.parametrize(("change", "said"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_malformed_or_hostile_record_gets_a_clear_sentence(
    contents: Contents, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        reading.read(_text(contents, **change), None, "linux-64")
    assert said in refused.value.message


@pytest.mark.parametrize("text", ['{"cells": [], "metadata": {}}', '{"cells": [], "metadata": {"tfenv_lab": 1}}', "{}"])
def test_a_notebook_without_a_record_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="none of the supported formats"):
        reading.read(text, None, "linux-64")
