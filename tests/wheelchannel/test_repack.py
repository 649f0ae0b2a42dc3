from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest

from tfenv_lab.wheelchannel.depends import Dependencies
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.package import PLACEHOLDER
from tfenv_lab.wheelchannel.repack import repack
from tfenv_lab.wheelchannel.resolve import Resolution
from tfenv_lab.wheelchannel.wheel import Wheel

from .conda_package import CondaPackage
from .tiny_wheel import make_wheel


def packed(wheel: Path, interpreter: Interpreter, root: Path) -> list[CondaPackage]:
    dependencies = Dependencies(Resolution({}, ()))
    packages = repack(Wheel(wheel), dependencies, interpreter, root / "channel", root / "work")
    assert not (root / "work").exists()
    return [CondaPackage(root / "channel" / package.subdir / f"{package.stem}.conda") for package in packages]


def record(package: CondaPackage, site_packages: str, info: str) -> dict[str, str]:
    text = package.files[f"{site_packages}/{info}/RECORD"].decode()
    return {row[0]: row[1] for row in csv.reader(io.StringIO(text))}


def test_a_pure_wheel_is_noarch(tmp_path: Path, interpreter: Interpreter) -> None:
    entry_points = "[console_scripts]\nrun = tool.cli:main\n[gui_scripts]\nshow = tool:win\n"
    metadata = "Summary: A tool\nLicense: MIT\nRequires-Python: >=3.8"
    wheel = make_wheel(tmp_path, "My.Tool", "1.2", entry_points=entry_points, metadata=metadata)
    (package,) = packed(wheel, interpreter, tmp_path)
    index = package.info("index.json")
    assert package.path.parent.name == index["subdir"] == "noarch"
    assert (index["name"], index["version"], index["noarch"]) == ("my-tool", "1.2", "python")
    assert (index["license"], index["depends"]) == ("MIT", ["python >=3.8"])
    assert package.info("link.json")["noarch"] == {
        "type": "python",
        "entry_points": ["run = tool.cli:main", "show = tool:win"],
    }
    assert not [path for path in package.files if path.endswith(".pyc") or path.startswith("bin/")]


def test_a_platform_wheel_brings_bytecode_and_commands(tmp_path: Path, interpreter: Interpreter) -> None:
    tag = f"{interpreter.tag}-{interpreter.tag}-linux_x86_64"
    wheel = make_wheel(tmp_path, "tool", tag=tag, entry_points="[console_scripts]\nrun = tool.cli:App.main\n")
    (package,) = packed(wheel, interpreter, tmp_path)
    index = package.info("index.json")
    assert index["subdir"] == "linux-64"
    assert index["build"].startswith(f"py{interpreter.tag[2:]}h")
    cache = f"{interpreter.site_packages}/tool/__pycache__/__init__.cpython-{interpreter.tag[2:]}.pyc"
    assert cache in package.files
    script = package.files["bin/run"].decode()
    assert script.startswith(f"#!{PLACEHOLDER}/bin/python{interpreter.minor}\n")
    assert "from tool.cli import App" in script
    assert "App.main()" in script
    assert package.entries["bin/run"].mode == 0o755
    assert package.paths()["bin/run"]["prefix_placeholder"] == PLACEHOLDER


def test_bytecode_names_its_source_by_its_place_in_an_environment(tmp_path: Path, interpreter: Interpreter) -> None:
    wheel = make_wheel(tmp_path, "tool", tag="py3-none-linux_x86_64")
    (package,) = packed(wheel, interpreter, tmp_path)
    (code,) = [content for path, content in package.files.items() if path.endswith(".pyc")]
    assert str(tmp_path).encode() not in code
    assert f"{interpreter.site_packages}/tool/__init__.py".encode() in code


def test_sources_that_do_not_compile_are_packed_without(tmp_path: Path, interpreter: Interpreter) -> None:
    files = {"tool/good.py": "x = 1\n", "tool/template.py": "{% not python %}\n"}
    (package,) = packed(make_wheel(tmp_path, "tool", tag="py3-none-linux_x86_64", files=files), interpreter, tmp_path)
    assert len([path for path in package.files if path.endswith(".pyc")]) == 1
    assert f"{interpreter.site_packages}/tool/template.py" in package.files


@pytest.mark.parametrize("tag", ["py3-none-any", "py3-none-linux_x86_64"])
def test_paths_and_record_name_every_file(tmp_path: Path, interpreter: Interpreter, tag: str) -> None:
    files: dict[str, str | bytes] = {
        "tool/__init__.py": "",
        "tool/with,comma.txt": "x",
        "tool-1.0.data/data/etc/tool.conf": "y",
        "tool-1.0.data/scripts/go": "#!python\n",
        "tool/big.bin": b"z" * (2 << 20),
    }
    (package,) = packed(make_wheel(tmp_path, "tool", tag=tag, files=files), interpreter, tmp_path)
    paths = package.paths()
    assert set(paths) == set(package.files)
    for path, content in package.files.items():
        assert (paths[path]["sha256"], paths[path]["size_in_bytes"]) == (
            hashlib.sha256(content).hexdigest(),
            len(content),
        )
    site = "site-packages" if tag.endswith("any") else interpreter.site_packages
    listed = record(package, site, "tool-1.0.dist-info")
    assert len(listed) == len(package.files)
    assert listed["tool/with,comma.txt"].startswith("sha256=")
    assert {"../../../etc/tool.conf", "../../../bin/go", "tool/big.bin"} < set(listed)
    assert listed["tool-1.0.dist-info/RECORD"] == ""


def test_a_wheels_own_record_and_installer_are_not_kept(tmp_path: Path, interpreter: Interpreter) -> None:
    files = {"tool.py": "", "tool-1.0.dist-info/INSTALLER": "pip\n", "tool-1.0.dist-info/RECORD.jws": "{}"}
    (package,) = packed(make_wheel(tmp_path, "tool", files=files), interpreter, tmp_path)
    assert package.files["site-packages/tool-1.0.dist-info/INSTALLER"] == b"conda\n"
    assert not [path for path in package.files if path.endswith(".jws")]


def test_tensorflow_becomes_two_packages(tmp_path: Path, interpreter: Interpreter) -> None:
    tag = f"{interpreter.tag}-{interpreter.tag}-manylinux_2_17_x86_64"
    wheel = make_wheel(tmp_path, "tensorflow-cpu", "2.19.1", tag=tag, files={"tensorflow/__init__.py": ""})
    base, thin = packed(wheel, interpreter, tmp_path)
    files, index = base.info("index.json"), thin.info("index.json")
    assert (files["name"], index["name"]) == ("tensorflow-base", "tensorflow")
    assert files["build"] == index["build"]
    assert index["build"].startswith(f"cpu_py{interpreter.tag[2:]}h")
    assert thin.files == {}
    assert index["depends"] == [*interpreter.depends, f"tensorflow-base ==2.19.1 {files['build']}"]
    info = f"{interpreter.site_packages}/tensorflow-2.19.1.dist-info"
    assert base.files[f"{info}/METADATA"].decode().splitlines()[1] == "Name: tensorflow"
    assert not [path for path in base.files if "tensorflow_cpu" in path]
    assert f"{info.rsplit('/', 1)[-1]}/METADATA" in record(base, interpreter.site_packages, info.rsplit("/", 1)[-1])


def test_a_command_of_another_package_stays_that_packages_own(tmp_path: Path, interpreter: Interpreter) -> None:
    scripts = "[console_scripts]\nsaved_model_cli = tensorflow.tools:main\ntensorboard = tensorboard.main:run\n"
    wheel = make_wheel(tmp_path, "tensorflow_cpu", "2.19.1", tag="py3-none-linux_x86_64", entry_points=scripts)
    base, _ = packed(wheel, interpreter, tmp_path)
    assert [path for path in base.files if path.startswith("bin/")] == ["bin/saved_model_cli"]


def test_the_same_wheel_gives_the_same_bytes(tmp_path: Path, interpreter: Interpreter) -> None:
    wheel = make_wheel(tmp_path, "tool", tag="py3-none-linux_x86_64", entry_points="[console_scripts]\na = tool:b\n")
    first, second = (packed(wheel, interpreter, tmp_path / name)[0] for name in ("one", "two"))
    assert first.path.read_bytes() == second.path.read_bytes()


def test_another_wheel_of_the_same_version_has_another_build_string_and_time(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    """Package caches and bytecode distinguish contents only by these."""
    made = [make_wheel(tmp_path / text, "tool", files={"tool.py": f"x = {text!r}\n"}) for text in ("a", "b")]
    first, second = (packed(wheel, interpreter, wheel.parent)[0] for wheel in made)
    assert first.path.name != second.path.name
    times = [package.entries["site-packages/tool.py"].mtime for package in (first, second)]
    assert times[0] != times[1]


def test_a_license_text_is_not_a_license_name(tmp_path: Path, interpreter: Interpreter) -> None:
    wheel = make_wheel(tmp_path, "tool", metadata="License: Copyright\n        All rights\n        reserved")
    (package,) = packed(wheel, interpreter, tmp_path)
    assert "license" not in package.info("index.json")


def test_info_comes_before_the_files(tmp_path: Path, interpreter: Interpreter) -> None:
    (package,) = packed(make_wheel(tmp_path, "tool"), interpreter, tmp_path)
    assert [member.split("-")[0] for member in package.members] == ["metadata.json", "info", "pkg"]
