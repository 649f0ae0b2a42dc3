"""Test what the history says about a request."""

from __future__ import annotations

from typing import Any

import pytest

from tfenv_lab import plan_requests
from tfenv_lab.plan_request_parser import parse
from tfenv_lab.plans.asked import asked


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"kind": "create", "name": "tf"}, "Create"),
        (
            {
                "kind": "create",
                "name": "tf",
                "tensorflow": "2.19.*",
                "python": "3.11",
                "keras": "2",
                "packages": ["h5py"],
            },
            "Create with TensorFlow 2.19.*, Python 3.11, Keras 2, h5py",
        ),
        ({"kind": "install", "environment": "1", "specs": ["h5py", "pandas>=2"]}, "Install h5py, pandas>=2"),
        ({"kind": "install", "environment": "1", "specs": list("abcdef")}, "Install a, b, c, d and 2 more"),
        ({"kind": "install", "environment": "1", "specs": ["h5py"], "into": "new"}, "Install h5py, in a copy of tf"),
        ({"kind": "update", "environment": "1", "packages": ["tensorflow"]}, "Update TensorFlow"),
        ({"kind": "update", "environment": "1", "packages": ["tensorflow-cpu", "tensorflow"]}, "Update TensorFlow"),
        ({"kind": "update", "environment": "1", "packages": "all"}, "Update all packages"),
        ({"kind": "remove", "environment": "1", "packages": ["h5py"]}, "Remove h5py"),
        ({"kind": "clone", "environment": "1", "name": "new"}, "Copy tf"),
        ({"kind": "rename", "environment": "1", "name": "new"}, "Rename tf to new"),
        ({"kind": "import", "name": "tf", "content": "", "file": "x.yml"}, "Import from x.yml"),
        ({"kind": "import", "name": "tf", "content": ""}, "Import"),
        ({"kind": "revert", "environment": "1", "revision": 3}, "Revert to revision 3"),
        (
            {"kind": "revert", "environment": "1", "revision": 3, "into": "new"},
            "Revert to revision 3, in a copy of tf",
        ),
        ({"kind": "repair", "environment": "1"}, "Repair"),
    ],
)
def test_a_request_in_a_few_words(request_: dict[str, Any], text: str) -> None:
    request = parse(request_)
    assert not isinstance(request, plan_requests.Clean | plan_requests.Rollout)
    assert asked(request, "tf") == text


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/home/ada/x.yml", "x.yml"),
        ("C:\\Users\\ada\\x.yml", "x.yml"),
        ("x\n\x1b[31m.yml", "x[31m.yml"),
        ("x" * 300, "x" * 255),
        ("/", None),
        ("", None),
    ],
)
def test_the_name_of_a_file_fits_in_one_line(file: str, name: str | None) -> None:
    request = parse({"kind": "import", "name": "tf", "content": "", "file": file})
    assert isinstance(request, plan_requests.Import)
    assert (request.file or None) == name
