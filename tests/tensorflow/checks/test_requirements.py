"""Blame the package that is missing or has the wrong version, whatever it is whose import fails."""

from __future__ import annotations

import shutil
import sys

import pytest

from .checking import only, run, specs
from .fake_environment import FakeEnvironment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the paths are those of POSIX")

#: A dependency with the versions that TensorFlow supports, and one that it does not support.
RANGES = [
    ("numpy", ">=1.26,<2.2", "2.3.5"),
    ("protobuf", ">=4.25,<6", "6.31.1"),
    ("typing_extensions", ">=4.6", "3.7.4"),
    ("ml_dtypes", ">=0.5,<0.6", "0.3.2"),
    ("h5py", ">=3.11", "2.10.0"),
    ("absl-py", ">=1", "0.9"),
]


def of_conda(environment: FakeEnvironment, name: str, version: str, *depends: str) -> None:
    """Add a conda package with the metadata of a Python package."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    environment.conda(name, version, depends=depends, files=[f"{name}/__init__.py", f"{info}/METADATA"])
    environment.distribution(name, version)
    if not (environment.site_packages / name).exists():
        environment.module(name, "")


def remove(environment: FakeEnvironment, name: str) -> None:
    """Delete the files of a Python package, as ``pip uninstall`` does; conda's record stays."""
    for path in environment.site_packages.glob(f"{name.replace('-', '_')}*"):
        shutil.rmtree(path)


class TestOfConda:
    @pytest.mark.parametrize(("name", "wanted", "installed"), RANGES)
    def test_a_wrong_version(self, environment: FakeEnvironment, name: str, wanted: str, installed: str) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1", depends=["python", "__glibc >=2.17", f"{name} {wanted}"])
        of_conda(environment, name, installed)
        problem = only(run(environment))
        assert problem.code == f"{name}-version"
        assert problem.message == f"TensorFlow needs {name} {wanted}, but {installed} is installed."
        assert specs(problem) == [name]

    @pytest.mark.parametrize(("name", "wanted", "installed"), RANGES)
    def test_a_package_that_is_not_installed(
        self, environment: FakeEnvironment, name: str, wanted: str, installed: str
    ) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1", depends=[f"{name} {wanted} py*"])
        problem = only(run(environment))
        assert problem.code == f"{name}-missing"
        assert problem.message == f"TensorFlow needs {name} {wanted}, which is not installed."
        assert specs(problem) == [name]

    @pytest.mark.parametrize("name", [name for name, _, _ in RANGES if name != "numpy"])
    def test_files_that_pip_uninstalled(self, environment: FakeEnvironment, name: str) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1", depends=["keras"])
        of_conda(environment, "keras", "3.5.0", name)
        of_conda(environment, name, "3.12.1")
        assert run(environment).ok
        remove(environment, name)
        problem = only(run(environment))
        assert problem.code == f"{name}-missing"
        message = f"Keras needs {name}, but the files of {name} 3.12.1 are missing from this environment."
        assert problem.message == message
        assert problem.remedy is not None

    def test_a_dependency_of_a_dependency(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1", depends=["keras", "typing_extensions >=3.6.6"])
        of_conda(environment, "keras", "3.5.0", "optree")
        of_conda(environment, "optree", "0.15.0", "typing_extensions >=4.6")
        of_conda(environment, "typing_extensions", "3.7.4")
        problem = only(run(environment))
        assert problem.message == "optree needs typing_extensions >=4.6, but 3.7.4 is installed."

    def test_what_other_packages_need_is_not_looked_at(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1")
        of_conda(environment, "pandas", "2.2.0", "numpy <1")
        of_conda(environment, "numpy", "2.1.0")
        assert run(environment).ok

    @pytest.mark.parametrize("text", ["__cuda >=12", "old; if python<3.8", 'old[when="python<3.8"]', "Keras"])
    def test_dependencies_that_are_no_packages_here(self, environment: FakeEnvironment, text: str) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1", depends=[text])
        environment.conda("keras", "3.5.0")
        assert run(environment).ok

    def test_a_package_that_pip_has_instead(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1", depends=["h5py >=3"])
        environment.distribution("h5py", "3.12.1", installer="pip")
        assert run(environment).ok


class TestOfPip:
    @pytest.mark.parametrize(("name", "wanted", "installed"), RANGES)
    def test_a_wrong_version(self, environment: FakeEnvironment, name: str, wanted: str, installed: str) -> None:
        environment.tensorflow()
        environment.distribution("tensorflow_cpu", "2.19.1", installer="uv", requires=[f"{name}{wanted}"])
        environment.distribution(name, installed, installer="pip")
        problem = only(run(environment))
        assert f"but {installed} is installed." in problem.message
        [spec] = specs(problem)
        assert spec.startswith(f"pypi:{name.replace('_', '-')}")

    @pytest.mark.parametrize("name", [name for name, _, _ in RANGES])
    def test_a_package_that_is_not_installed(self, environment: FakeEnvironment, name: str) -> None:
        environment.tensorflow()
        environment.distribution("tensorflow", "2.19.1", installer="pip", requires=["keras>=3"])
        environment.distribution("keras", "3.5.0", installer="pip", requires=[f"{name}>=0.1", "jax; extra == 'jax'"])
        problem = only(run(environment))
        name = name.replace("_", "-")
        assert problem.message == f"Keras needs {name} >=0.1, which is not installed."
        assert specs(problem) == [f"pypi:{name}>=0.1"]

    @pytest.mark.parametrize("name", ["tensorflow-cpu", "tensorflow-intel", "tf-nightly"])
    def test_another_build_counts_as_tensorflow(self, environment: FakeEnvironment, name: str) -> None:
        environment.tensorflow()
        environment.distribution(name, "2.19.1", installer="uv")
        environment.distribution("tf-keras", "2.19.0", installer="uv", requires=["tensorflow<2.20,>=2.19"])
        assert run(environment).ok

    def test_another_build_of_a_wrong_version(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        environment.distribution("tensorflow-cpu", "2.19.1", installer="uv")
        environment.distribution("tf-keras", "2.18.0", installer="uv", requires=["tensorflow<2.19,>=2.18"])
        problem = only(run(environment))
        assert problem.message == "tf-keras needs tensorflow-cpu <2.19,>=2.18, but 2.19.1 is installed."
        assert specs(problem) == ["pypi:tensorflow-cpu>=2.18,<2.19"]

    def test_markers_are_those_of_the_environment(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        requires = ["old; python_version < '3'", "gone; sys_platform == 'beos'", "many; extra == 'all'"]
        environment.distribution("tensorflow", "2.19.1", installer="pip", requires=requires)
        assert run(environment).ok

    def test_metadata_that_cannot_be_read(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        (environment.site_packages / "broken-1.0.dist-info").mkdir()
        environment.distribution("tensorflow", "2.19.1", installer="pip", requires=["not a requirement !"])
        assert run(environment).ok


class TestCausesAndConsequences:
    def test_the_failed_import_is_told_as_the_details_of_its_cause(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="from typing_extensions import Self")
        environment.module("typing_extensions", "")
        environment.conda("tensorflow-base", "2.19.1", depends=["typing_extensions >=4"])
        of_conda(environment, "typing_extensions", "3.7.4")
        problem = only(run(environment))
        assert problem.code == "typing_extensions-version"
        assert problem.details is not None
        assert "cannot import name 'Self' from 'typing_extensions'" in problem.details

    def test_an_import_that_fails_for_another_reason_is_told_too(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="from wrapt import nothing")
        environment.module("wrapt", "")
        environment.conda("tensorflow-base", "2.19.1", depends=["h5py >=3", "wrapt"])
        of_conda(environment, "wrapt", "1.0")
        problems = run(environment).problems
        assert [problem.code for problem in problems] == ["h5py-missing", "import-failed"]
        assert "wrapt" in problems[1].message

    def test_keras_hides_why_it_fails_but_the_check_does_not(self, environment: FakeEnvironment) -> None:
        hidden = "try:\n            import keras\n        except ImportError:\n            "
        environment.tensorflow(keras=None, keras_code=f"{hidden}raise ImportError('Check that it is installed.')")
        environment.module("keras", "import h5py\n")
        of_conda(environment, "keras", "3.5.0")
        problem = only(run(environment))
        assert problem.code == "keras-failed"
        assert problem.message == "Keras cannot be imported, because the module h5py is not installed."
        assert problem.details is not None
        assert "import h5py" in problem.details


class TestTheModuleThatFails:
    def test_its_package_is_named(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="import optree")
        environment.module("optree", "import missing_part\n")
        environment.conda("optree", "0.15.0", files=["optree/__init__.py"])
        problem = only(run(environment))
        assert problem.message == "TensorFlow cannot be imported, because the module missing_part is not installed."
        assert problem.details is not None
        assert "optree" in problem.details

    def test_a_name_that_a_module_lacks(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="from optree.parts import nothing")
        environment.module("optree", "")
        environment.module("optree/parts", "")
        environment.conda("optree", "0.15.0", files=["optree/__init__.py", "optree/parts/__init__.py"])
        problem = only(run(environment))
        assert "because the module optree.parts of the package optree 0.15.0 fails: cannot import" in problem.message

    def test_an_error_of_another_kind(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="import gast")
        environment.module("gast", "assert False\n")
        environment.conda("gast", "0.6.0", files=["gast/__init__.py"])
        problem = only(run(environment))
        expected = "TensorFlow cannot be imported, because the module gast of the package gast 0.6.0 fails: "
        assert problem.message == f"{expected}AssertionError"

    def test_a_package_of_pip(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="from gast import nothing")
        environment.module("gast", "")
        environment.distribution("tensorflow", "2.19.1", installer="pip", requires=["gast"])
        environment.distribution("gast", "0.6.0", installer="pip")
        (environment.site_packages / "gast-0.6.0.dist-info" / "RECORD").write_text("gast/__init__.py,,\n")
        assert "of the package gast 0.6.0 fails" in only(run(environment)).message

    def test_a_module_of_a_package_that_was_deleted(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="import gast.parts")
        environment.conda("gast", "0.6.0", files=["gast/__init__.py", "gast/parts.py"])
        problem = only(run(environment))
        assert problem.code == "files-missing"
        assert problem.message.startswith("Files of gast 0.6.0 are missing: ")
        assert problem.details is not None
        assert "No module named 'gast'" in problem.details

    def test_a_library_that_a_package_lacks_is_one_problem(self, environment: FakeEnvironment) -> None:
        library = "libgast.so.2"
        environment.tensorflow(before=f"raise ImportError('{library}: cannot open shared object file: No such file')")
        environment.conda("gast", "0.6.0", files=[f"gast/{library}"])
        problem = only(run(environment))
        assert problem.code == "files-missing"
        assert problem.details is not None
        assert "cannot open shared object file" in problem.details

    def test_tensorflow_itself(self, environment: FakeEnvironment) -> None:
        files = ["tensorflow/__init__.py", "tensorflow-2.19.1.dist-info/METADATA"]
        environment.conda("tensorflow", "2.19.1", depends=["tensorflow-base"])
        environment.conda("tensorflow-base", "2.19.1", files=files)
        problem = only(run(environment))
        assert "the files of tensorflow-base 2.19.1 are missing" in problem.message
