"""Test which paths packages may have."""

from __future__ import annotations

import pytest

from tfenv_lab.conda.transaction.package_rules import fault


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "lnk/../../../../.mybashrc",
        "a/..",
        "/etc/x",
        "//server/share/x",
        "C:\\x",
        "C:x",
        "c:/x",
        "\\\\server\\share\\x",
        "\\x",
        "a\\..\\..\\b",
        "..\\x",
    ],
)
def test_paths_outside_the_prefix_are_refused(path: str) -> None:
    assert fault(path) == "would be written outside the environment"


@pytest.mark.parametrize("path", ["", ".", "./.", "a\0b"])
def test_invalid_paths_are_refused(path: str) -> None:
    assert fault(path) == "has an invalid path"


@pytest.mark.parametrize(
    "path",
    [
        "conda-meta/history",
        "conda-meta/foo-1-0.json",
        "./conda-meta/x",
        "Conda-Meta/history",
        "conda-meta",
        "conda-meta/tfenv_lab/00000.json",
        ".tfenv-journal",
        ".TFENV-journal",
        "lib/.tfenv-x",
        "__clobbers__/x",
        "conda-meta./x",
        "conda-\N{ZERO WIDTH JOINER}meta/history",
        ".tf\N{ZERO WIDTH NON-JOINER}env-journal",
    ],
)
def test_these_are_not_for_packages(path: str) -> None:
    assert fault(path) == "would be written to a reserved path"


@pytest.mark.parametrize(
    "path",
    [
        "bin/x",
        "./bin/x",
        "lib/..x",
        "lib/x..",
        "...",
        "share/man/man3/App::Cpan.3",
        "lib/systemd/dev-disk\\x2d.device",
        "share/conda-meta/x",
        "info/x",
        "étc/x",
        "a b/ c",
    ],
)
def test_honest_names_are_taken(path: str) -> None:
    assert fault(path) is None
