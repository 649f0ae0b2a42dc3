from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rattler import MatchSpec

from tfenv_lab.wheelchannel.depends import Dependencies, conda_name, spec, version_spec
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.resolve import RemoteWheel, Resolution
from tfenv_lab.wheelchannel.wheel import Wheel

from .tiny_wheel import make_wheel

ENVIRONMENT = {
    "python_version": "3.11",
    "python_full_version": "3.11.7",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
}


@pytest.fixture
def interpreter() -> Interpreter:
    return Interpreter(
        Path("/p/bin/python3.11"), "3.11.7", Path("/p"), Path("/p/lib"), Path("/p/include"), "linux-64", ()
    )


def remote(name: str, *requires: str) -> RemoteWheel:
    return RemoteWheel(name, f"https://index/{name}-1.0-py3-none-any.whl", "", requires)


def depends(
    tmp_path: Path,
    interpreter: Interpreter,
    requires: Sequence[str] = (),
    others: Sequence[RemoteWheel] = (),
    **wheel: str,
) -> list[str]:
    made = Wheel(make_wheel(tmp_path, "asked", requires=requires, **wheel))  # type: ignore[arg-type]
    return Dependencies(Resolution(ENVIRONMENT, (remote("asked", *requires), *others))).of(made, interpreter)


@pytest.mark.parametrize(
    ("pypi", "conda"),
    [
        ("numpy", "numpy"),
        ("numpy>=1.26,<2.2", "numpy <2.2,>=1.26"),
        ("tensorboard~=2.19.0", "tensorboard ~=2.19.0"),
        ("x~=4.0", "x ~=4.0"),
        ("x==1.4.*", "x 1.4.*"),
        ("x==1.4", "x ==1.4"),
        ("x===1.4", "x ==1.4"),
        ("x!=1.5.*,!=1.6", "x !=1.5.*,!=1.6"),
        ("protobuf<6.0.0dev,>=3.20", "protobuf <6.0.0dev,>=3.20"),
        ("Typing_Extensions>=4", "typing-extensions >=4"),
        ("ruamel.yaml", "ruamel-yaml"),
        ("tensorflow-cpu==2.19.1", "tensorflow ==2.19.1"),
        ("local==1.0+cpu", "local ==1.0+cpu"),
        ("requests[socks]>=2", "requests >=2"),
    ],
)
def test_a_requirement_in_condas_words(pypi: str, conda: str) -> None:
    assert spec(Requirement(pypi)) == conda
    assert MatchSpec(conda).name is not None


def test_compatible_release_keeps_the_versions_it_allows() -> None:
    text = f"x {version_spec(SpecifierSet('~=2.19.0'))}"
    assert text == "x ~=2.19.0"


def test_names_are_normalized() -> None:
    assert [conda_name(name) for name in ("PyYAML", "zope.interface", "a__b", "tensorflow_cpu")] == [
        "pyyaml",
        "zope-interface",
        "a-b",
        "tensorflow",
    ]


def test_markers_are_evaluated_for_the_packed_python(tmp_path: Path, interpreter: Interpreter) -> None:
    requires = [
        'old; python_version < "3.9"',
        'new>=2; python_version >= "3.10"',
        'windows; sys_platform == "win32"',
        'testing; extra == "test"',
        "always",
    ]
    found = depends(tmp_path, interpreter, requires)
    assert "new >=2" in found
    assert "always" in found
    assert not {"old", "windows", "testing"} & set(found)


def test_a_pure_wheel_fits_every_python_its_metadata_allows(tmp_path: Path, interpreter: Interpreter) -> None:
    assert depends(tmp_path, interpreter, metadata="Requires-Python: >=3.9,!=3.9.7") == ["python !=3.9.7,>=3.9"]


def test_a_marker_about_python_binds_a_pure_wheel_to_this_one(tmp_path: Path, interpreter: Interpreter) -> None:
    found = depends(tmp_path, interpreter, ['x; python_version < "3.12"'])
    assert found == ["python", "python 3.11.*", "x"]


def test_a_marker_about_the_system_binds_a_pure_wheel_to_linux(tmp_path: Path, interpreter: Interpreter) -> None:
    found = depends(tmp_path, interpreter, ['x; sys_platform != "win32"'])
    assert found == ["python", "__linux", "x"]


def test_a_marker_of_an_extra_does_not_bind_the_wheel(tmp_path: Path, interpreter: Interpreter) -> None:
    requires = ['x; extra == "all" and python_version < "3.12"']
    assert depends(tmp_path, interpreter, requires) == ["python"]


@pytest.mark.parametrize(
    ("tag", "glibc"),
    [
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "2.17"),
        ("cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64", "2.27"),
        ("cp39-abi3-manylinux2010_x86_64", "2.12"),
        ("cp311-abi3-manylinux1_x86_64.manylinux_2_28_x86_64.manylinux_2_5_x86_64", "2.5"),
        ("py3-none-manylinux_2_31_x86_64", "2.31"),
    ],
)
def test_a_platform_wheel_is_bound_to_the_abi_and_its_glibc(
    tmp_path: Path, interpreter: Interpreter, tag: str, glibc: str
) -> None:
    assert depends(tmp_path, interpreter, tag=tag) == [
        "python >=3.11,<3.12.0a0",
        "python_abi 3.11.* *_cp311",
        f"__glibc >={glibc},<3.0.a0",
    ]


def test_a_platform_wheel_without_manylinux_tag_asks_for_no_glibc(tmp_path: Path, interpreter: Interpreter) -> None:
    assert depends(tmp_path, interpreter, tag="cp311-cp311-linux_x86_64") == interpreter.depends


def test_extras_are_written_out(tmp_path: Path, interpreter: Interpreter) -> None:
    """``asked`` needs ``web[fast]``, whose ``fast`` needs ``speed[turbo]``, whose ``turbo`` needs ``nitro``."""
    others = [
        remote("web", 'speed[turbo]>=1; extra == "fast"', 'slow; extra == "other"', "base"),
        remote("speed", 'nitro; extra == "turbo"'),
    ]
    found = depends(tmp_path, interpreter, ["web[fast]>=3"], others)
    assert found == ["python", "nitro", "speed >=1", "web >=3"]


def test_an_extra_may_name_others_of_its_own_package(tmp_path: Path, interpreter: Interpreter) -> None:
    web = remote("web", 'fast; extra == "some"', 'web[some]; extra == "all"')
    assert depends(tmp_path, interpreter, ["web[all]"], [web]) == ["python", "fast", "web"]


def test_extras_that_name_each_other_do_not_loop(tmp_path: Path, interpreter: Interpreter) -> None:
    web = remote("web", 'web[b]; extra == "a"', 'web[a]; extra == "b"', 'x; extra == "b"')
    assert depends(tmp_path, interpreter, ["web[a]"], [web]) == ["python", "web", "x"]
