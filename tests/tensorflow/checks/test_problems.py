"""Test every problem that an environment can have even if its TensorFlow starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tfenv_lab.plan_requests import Repair

from .checking import only, run, specs
from .fake_environment import FakeEnvironment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and paths are those of POSIX")


class TestMixedPackages:
    def test_pips_tensorflow_over_condas(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.20.0")
        environment.conda("tensorflow", "2.19.1", "cpu_py312h0_0")
        environment.distribution("tensorflow", "2.20.0", installer="pip")
        problem = only(run(environment))
        assert problem.code == "two-tensorflows"
        assert "conda's 2.19.1 and pip's tensorflow 2.20.0" in problem.message

    def test_pips_tensorflow_cpu_next_to_condas(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1")
        environment.conda("tensorflow", "2.19.1", "cpu_py312h0_0")
        environment.distribution("tensorflow", "2.19.1")
        environment.distribution("tensorflow-cpu", "2.20.0", installer="pip")
        assert only(run(environment)).code == "two-tensorflows"

    def test_two_tensorflows_from_pip(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1")
        environment.distribution("tensorflow", "2.19.1", installer="pip")
        environment.distribution("tensorflow-cpu", "2.18.0", installer="pip")
        problem = only(run(environment))
        assert "both installed by pip" in problem.message
        assert problem.remedy is not None
        assert problem.remedy.plan_request == Repair("e1")

    def test_condas_alone_is_fine(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1")
        environment.conda("tensorflow", "2.19.1", "cpu_py312h0_0")
        environment.distribution("tensorflow", "2.19.1")
        environment.distribution("tensorflow-estimator", "2.15.0")
        assert run(environment).ok

    @pytest.mark.parametrize(("name", "asked"), [("numpy", ">=1.26,<2.2"), ("protobuf", ">=4.25,<6")])
    def test_pips_numpy_over_condas(self, environment: FakeEnvironment, name: str, asked: str) -> None:
        environment.tensorflow()
        environment.conda("tensorflow-base", "2.19.1", depends=[f"{name} {asked}", "python"])
        environment.conda(name, "1.26.4" if name == "numpy" else "5.28.0")
        environment.distribution(name, "9.0.0", installer="pip")
        problem = only(run(environment))
        assert problem.code == f"{name}-version"
        assert asked in problem.message
        assert "9.0.0 is installed (by pip, over conda's)" in problem.message

    def test_condas_own_ranges_count_for_condas_tensorflow(self, environment: FakeEnvironment) -> None:
        """conda-forge builds TensorFlow for other protobuf versions than PyPI's metadata says."""
        environment.tensorflow()
        environment.conda("tensorflow", "2.19.1", depends=[])
        environment.conda("tensorflow-base", "2.19.1", depends=["protobuf >=6"])
        environment.conda("protobuf", "6.31.1")
        environment.distribution("tensorflow", "2.19.1", requires=["protobuf<6"])
        environment.distribution("protobuf", "6.31.1")
        assert run(environment).ok

    def test_pips_tensorflow_and_its_numpy(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        environment.distribution(
            "tensorflow",
            "2.19.1",
            installer="pip",
            requires=["numpy<2.2.0,>=1.26.0", "numpy<1; python_version<'3'", "protobuf>=3; extra == 'x'"],
        )
        environment.distribution("numpy", "2.4.0", installer="pip")
        problem = only(run(environment))
        assert problem.code == "numpy-version"
        assert specs(problem) == ["pypi:numpy>=1.26.0,<2.2.0"]


class TestKeras:
    def test_keras_of_the_wrong_generation(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1", keras="2.15.0")
        problem = only(run(environment))
        assert problem.code == "keras-version"
        assert specs(problem) == ["keras>=3"]

    def test_keras_of_another_release(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.15.0", keras="2.13.1")
        assert specs(only(run(environment))) == ["keras=2.15.*"]

    def test_one_that_cannot_be_loaded_because_of_its_version(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.15.0", keras_code="raise ImportError('no attribute x')")
        environment.distribution("keras", "3.5.0", installer="pip")
        problem = only(run(environment))
        assert problem.code == "keras-version"
        assert specs(problem) == ["pypi:keras==2.15.*"]

    def test_one_that_cannot_be_loaded(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(keras_code="raise ImportError('no attribute x')", fit_code="raise ImportError('x')")
        problem = only(run(environment))
        assert problem.code == "keras-failed"
        assert "no attribute x" in problem.message

    def test_legacy_keras_without_its_package(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1", keras_code="raise ImportError('tf_keras')")
        problem = only(run(environment, variables={"TF_USE_LEGACY_KERAS": "1"}))
        assert problem.code == "legacy-keras"
        assert specs(problem) == ["tf-keras=2.19.*"]

    def test_legacy_keras_for_another_release(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1", keras="2.18.0", keras_module="tf_keras")
        environment.distribution("tf-keras", "2.18.0")
        problem = only(run(environment, variables={"TF_USE_LEGACY_KERAS": "1"}))
        assert problem.code == "tf-keras-version"
        assert specs(problem) == ["tf-keras=2.19.*"]

    def test_legacy_keras_that_tensorflow_ignores(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1", keras="3.5.0")
        environment.distribution("tf-keras", "2.19.0")
        problem = only(run(environment, variables={"TF_USE_LEGACY_KERAS": "1"}))
        assert problem.code == "legacy-keras-ignored"
        assert "3.5.0" in problem.message

    def test_legacy_keras_that_cannot_be_loaded(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1", keras_code="raise ImportError('broken')", fit_code="raise ImportError('x')")
        environment.distribution("tf-keras", "2.19.0")
        assert only(run(environment, variables={"TF_USE_LEGACY_KERAS": "1"})).code == "keras-failed"

    def test_legacy_keras(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1", keras="2.19.0", keras_module="tf_keras")
        environment.distribution("tf-keras", "2.19.0")
        result = run(environment, variables={"TF_USE_LEGACY_KERAS": "1"})
        assert (result.ok, result.keras) == (True, "2.19.0")


class TestFromOutside:
    def test_pythonpath(self, environment: FakeEnvironment, tmp_path: Path) -> None:
        environment.tensorflow(folder=tmp_path / "elsewhere")
        problem = only(run(environment, variables={"PYTHONPATH": str(tmp_path / "elsewhere")}))
        assert problem.code == "pythonpath"
        assert str(tmp_path / "elsewhere") in problem.message

    def test_a_broken_sitecustomize_in_pythonpath(self, environment: FakeEnvironment, tmp_path: Path) -> None:
        environment.tensorflow()
        (tmp_path / "sitecustomize.py").write_text("raise ImportError('broken')\n")
        assert run(environment, variables={"PYTHONPATH": str(tmp_path)}).ok

    @pytest.mark.parametrize("module", ["sitecustomize", "email", "random"])
    def test_a_module_in_pythonpath_that_ends_python(
        self, environment: FakeEnvironment, tmp_path: Path, module: str
    ) -> None:
        environment.tensorflow()
        (tmp_path / f"{module}.py").write_text("import os\nos._exit(3)\n")
        problem = only(run(environment, variables={"PYTHONPATH": str(tmp_path)}))
        assert problem.code == "exited"
        assert problem.remedy is not None
        assert problem.remedy.kernelspec == {"ignore_pythonpath": True}
        assert run(environment, variables={"PYTHONPATH": ""}).ok

    def test_a_module_in_the_folder_where_jupyterlab_was_started(
        self, environment: FakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        environment.tensorflow()
        (tmp_path / "random.py").write_text("raise ImportError('of the user')\n")
        monkeypatch.chdir(tmp_path)
        assert run(environment).ok
        # An empty entry means the current directory.
        assert run(environment, variables={"PYTHONPATH": ":"}).ok

    def test_a_broken_pth_file_in_the_user_site(self, environment: FakeEnvironment, clean_home: Path) -> None:
        config = environment.prefix / "pyvenv.cfg"
        config.write_text(config.read_text().replace("system-site-packages = false", "system-site-packages = true"))
        environment.tensorflow()
        short = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        user = clean_home / ".local" / "lib" / short / "site-packages"
        user.mkdir(parents=True)
        (user / "broken.pth").write_text("import no_such_module\n")
        (user / "random.py").write_text("raise ImportError('of the user')\n")
        assert run(environment).ok

    @pytest.mark.parametrize(("name", "code"), [("typing_extensions", ""), ("h5py", "import broken")])
    def test_a_module_that_hides_another_one(
        self, environment: FakeEnvironment, tmp_path: Path, name: str, code: str
    ) -> None:
        environment.tensorflow(before=f"from {name} import Random")
        environment.module(name, "Random = 1\n")
        (tmp_path / f"{name}.py").write_text(code)
        problem = only(run(environment, variables={"PYTHONPATH": str(tmp_path)}))
        assert problem.code == "pythonpath"
        assert problem.message == (
            f"{name} does not come from this environment but from {tmp_path}, which is in PYTHONPATH."
        )
        assert problem.remedy is not None
        assert problem.remedy.kernelspec == {"ignore_pythonpath": True}
        assert problem.details is not None
        assert run(environment, variables={"PYTHONPATH": ""}).ok

    def test_a_module_of_the_user_site_that_hides_another_one(
        self, environment: FakeEnvironment, clean_home: Path
    ) -> None:
        config = environment.prefix / "pyvenv.cfg"
        config.write_text(config.read_text().replace("system-site-packages = false", "system-site-packages = true"))
        environment.tensorflow(before="from wrapt import Part")
        environment.module("wrapt", "Part = 1\n")
        short = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        user = clean_home / ".local" / "lib" / short / "site-packages"
        environment.module("wrapt", "", user)
        # In a conda environment, unlike in a virtual environment, the user site comes first.
        code = f"import sys; {str(user)!r} in sys.path and sys.path.insert(0, {str(user)!r})\n"
        (environment.site_packages / "user_first.pth").write_text(code)
        problem = only(run(environment))
        assert problem.code == "user-site"
        assert problem.message.startswith("wrapt does not come from this environment")
        assert run(environment, variables={"PYTHONNOUSERSITE": "1"}).ok

    def test_modules_in_pythonpath_that_are_not_in_the_way(self, environment: FakeEnvironment, tmp_path: Path) -> None:
        environment.tensorflow(before="import mine")
        (tmp_path / "mine.py").write_text("")
        (tmp_path / "turtle.py").write_text("raise ImportError\n")
        assert run(environment, variables={"PYTHONPATH": str(tmp_path)}).ok

    def test_the_users_own_packages(self, environment: FakeEnvironment, clean_home: Path) -> None:
        # Without this line, a virtual environment ignores the user site, which a conda environment never does.
        config = environment.prefix / "pyvenv.cfg"
        config.write_text(config.read_text().replace("system-site-packages = false", "system-site-packages = true"))
        short = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        user = clean_home / ".local" / "lib" / short / "site-packages"
        environment.tensorflow(folder=user)
        environment.distribution("numpy", "2.0.0", installer="pip", folder=user)
        problem = only(run(environment))
        assert problem.code == "user-site"
        assert str(user) in problem.message
        assert problem.remedy is not None
        assert problem.remedy.kernelspec == {"ignore_user_site": True}
        assert run(environment, variables={"PYTHONNOUSERSITE": "1"}).tensorflow is None

    def test_a_kernel_that_starts_another_python(self, environment: FakeEnvironment) -> None:
        environment.tensorflow()
        assert only(run(environment, kernel="/usr/bin/python3")).code == "kernel-python"
        assert run(environment, kernel=str(environment.prefix / "bin" / "python")).ok
        assert run(environment, kernel="python").ok


class TestGpu:
    def test_a_cpu_build_on_a_machine_with_a_gpu(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1")
        environment.conda("tensorflow", "2.19.1", "cpu_py312h0_0")
        environment.distribution("tensorflow", "2.19.1")
        problem = only(run(environment, cuda="12.8"))
        assert problem.code == "cpu-build"
        assert specs(problem) == ["tensorflow=2.19.*=cuda*"]

    def test_no_plan_for_pips_build(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1")
        problem = only(run(environment, cuda="12.8"))
        assert (problem.code, problem.remedy) == ("cpu-build", None)

    def test_no_driver(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(cuda="12.8")
        assert only(run(environment)).code == "no-driver"

    def test_an_old_driver(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(cuda="12.8")
        problem = only(run(environment, cuda="11.8"))
        assert problem.code == "driver-too-old"
        assert "CUDA 12.8" in problem.message
        assert "CUDA 11.8" in problem.message

    @pytest.mark.parametrize("value", ["", "-1"])
    def test_a_hidden_gpu(self, environment: FakeEnvironment, value: str) -> None:
        environment.tensorflow(cuda="12.8")
        assert only(run(environment, cuda="12.8", variables={"CUDA_VISIBLE_DEVICES": value})).code == "hidden-gpu"

    def test_foreign_libraries(self, environment: FakeEnvironment, tmp_path: Path) -> None:
        environment.tensorflow(cuda="12.8")
        (tmp_path / "cuda").mkdir()
        (tmp_path / "cuda" / "libcudart.so.10.0").touch()
        path = f"{tmp_path}/nothing:{tmp_path}/cuda"
        problem = only(run(environment, cuda="12.8", variables={"LD_LIBRARY_PATH": path}))
        assert problem.code == "library-path"
        assert f"{tmp_path}/cuda" in problem.message

    @pytest.mark.parametrize(
        ("log", "words"),
        [
            ("Could not load dynamic library 'libcudnn.so.8'; dlerror: …", "libcudnn.so.8"),
            ("W gpu_device.cc:2251] Cannot dlopen some GPU libraries. Skipping registering GPU devices...", "library"),
        ],
    )
    def test_a_library_that_could_not_be_loaded(self, environment: FakeEnvironment, log: str, words: str) -> None:
        environment.tensorflow(cuda="12.8", devices_code=f"print({log!r}, file=sys.stderr)")
        problem = only(run(environment, cuda="12.8"))
        assert problem.code == "missing-cuda-library"
        assert words in problem.message

    def test_no_gpu_for_an_unknown_reason(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(cuda="12.8")
        assert only(run(environment, cuda="12.8")).code == "no-gpu"

    def test_xla_without_libdevice(self, environment: FakeEnvironment) -> None:
        message = "libdevice not found at ./libdevice.10.bc"
        environment.tensorflow(xla_code=f"raise RuntimeError({message!r})")
        problem = only(run(environment))
        assert problem.code == "missing-libdevice"
        assert problem.remedy is not None
        assert problem.remedy.kernelspec == {"own_cuda_data": True}

    def test_xla_that_fails(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(xla_code="raise RuntimeError('unsupported')")
        problem = only(run(environment))
        assert problem.code == "xla-failed"
        assert "unsupported" in problem.message
