"""Test which package a module comes from: the known names first, then the module's own name, on both sources."""

from __future__ import annotations

import pytest

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    """The channel of all environments, with packages of other names than their modules."""
    for name in ("opencv", "python-lmdb", "lmdb", "zstd", "xxhash", "pandas", "my_tool", "matplotlib-base"):
        tensorflow_channel.add(name, "1.0", noarch="generic")
    tensorflow_channel.index()
    return tensorflow_channel


@pytest.fixture(autouse=True)
def projects(simple_index: SimpleIndex) -> None:
    """Projects on the index."""
    for name in ("absl-py", "imbalanced-learn", "tf-models-official", "zstd", "xxhash", "own-tool", "opencv-python"):
        simple_index.add(name)
    simple_index.add("pandas", "2.0")


@pytest.mark.parametrize(
    ("module", "specs"),
    [
        ("cv2", ["opencv"]),
        ("pylab", ["matplotlib-base"]),
        ("lmdb", ["python-lmdb"]),
        ("absl", ["pypi:absl-py"]),
        ("imblearn", ["pypi:imbalanced-learn"]),
        ("official", ["pypi:tf-models-official"]),
        # The channel's xxhash and zstd are libraries in C.
        ("xxhash", ["pypi:xxhash"]),
        ("zstd", ["pypi:zstd"]),
        # The plan warns about a guessed name that comes from the index.
        ("pandas", ["pandas"]),
        ("own_tool", ["own-tool"]),
        ("my_tool", ["my_tool"]),
        ("brotli", []),
        ("nothing_of_this_name", []),
        ("constructor", []),
    ],
)
async def test_the_spec_of_a_module(api: Api, module: str, specs: list[str]) -> None:
    assert await api.call("POST", "conda-specs", {"module": module}) == (200, {"specs": specs})


@pytest.mark.parametrize("module", ["", "a.b", "-r", "x" * 200, "a b", 3, None])
async def test_what_is_no_module_is_refused(api: Api, module: object) -> None:
    status, error = await api.call("POST", "conda-specs", {"module": module})
    assert (status, error["reason"]) == (400, "invalid-request")


async def test_an_index_that_does_not_answer_is_not_the_same_as_no_package(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.down()
    status, error = await api.call("POST", "conda-specs", {"module": "absl"})
    assert (status, error["reason"]) == (502, "index-unreachable")
