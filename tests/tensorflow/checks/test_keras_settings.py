"""Name the settings of Keras that come from outside the environment and because of which it fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .checking import only, run
from .fake_environment import FakeEnvironment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the paths are those of POSIX")

#: What Keras does with its settings (keras/src/backend/config.py and keras/src/backend/__init__.py).
_KERAS = """
    import json, os
    __version__ = "3.5.0"
    _path = os.path.join(os.environ.get("KERAS_HOME", os.path.expanduser("~/.keras")), "keras.json")
    _config = json.load(open(_path)) if os.path.exists(_path) else {}
    assert _config.get("floatx", "float32") in {"float16", "float32", "float64"}
    assert isinstance(_config.get("epsilon", 1e-7), float)
    _backend = os.environ.get("KERAS_BACKEND") or _config.get("backend", "tensorflow")
    if _backend == "torch":
        import torch
    elif _backend not in ("tensorflow", "numpy"):
        raise ValueError(f"Unable to import backend : {_backend}")
"""


@pytest.fixture
def environment(environment: FakeEnvironment, monkeypatch: pytest.MonkeyPatch) -> FakeEnvironment:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    hidden = "try:\n            import keras\n        except ImportError:\n            "
    environment.tensorflow(keras=None, keras_code=f"{hidden}raise ImportError('Check that it is installed.')")
    environment.module("keras", _KERAS)
    return environment


def write(folder: Path, values: Any) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "keras.json"
    path.write_text(json.dumps(values))
    return path


@pytest.mark.parametrize("backend", ["torch", "theano", "jax"])
def test_a_backend_of_the_file(environment: FakeEnvironment, clean_home: Path, backend: str) -> None:
    path = write(clean_home / ".keras", {"backend": backend})
    problem = only(run(environment))
    assert problem.code == "keras-backend"
    assert problem.message == f"Keras cannot use the backend “{backend}”, which is set in the file {path}."
    assert problem.remedy is not None
    assert problem.remedy.kernelspec == {"tensorflow_backend": True}
    assert problem.details is not None
    assert backend in problem.details
    assert run(environment, variables={"KERAS_BACKEND": "tensorflow"}).ok
    write(clean_home / ".keras", {"backend": "tensorflow"})
    assert run(environment).ok


def test_a_backend_of_the_servers_variables(environment: FakeEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    problem = only(run(environment))
    assert problem.code == "keras-backend"
    assert "the variable KERAS_BACKEND, which was set where JupyterLab was started" in problem.message


def test_a_backend_of_the_environments_variables(environment: FakeEnvironment) -> None:
    problem = only(run(environment, variables={"KERAS_BACKEND": "torch"}))
    assert "the variable KERAS_BACKEND of this environment" in problem.message


def test_another_folder_of_keras(environment: FakeEnvironment, tmp_path: Path) -> None:
    path = write(tmp_path / "keras", {"backend": "theano"})
    assert str(path) in only(run(environment, variables={"KERAS_HOME": str(path.parent)})).message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"floatx": "float16x"}, "“floatx” is “float16x”, but must be float16, float32 or float64."),
        ({"epsilon": 1}, "“epsilon” is 1, but must be a number with a decimal point."),
        ([], "the file must contain one JSON object."),
    ],
)
def test_a_value_that_keras_refuses(environment: FakeEnvironment, clean_home: Path, values: Any, words: str) -> None:
    path = write(clean_home / ".keras", values)
    problem = only(run(environment))
    assert problem.code == "keras-settings"
    assert problem.message == f"Keras cannot use its settings in {path}: {words}"
    path.unlink()
    assert run(environment).ok


def test_a_backend_that_cannot_train(environment: FakeEnvironment, clean_home: Path) -> None:
    write(clean_home / ".keras", {"backend": "numpy"})
    environment.tensorflow(keras=None, fit_code="raise NotImplementedError('fit of the numpy backend')")
    assert only(run(environment)).code == "keras-backend"


def test_a_backend_that_works_is_the_users_choice(environment: FakeEnvironment, clean_home: Path) -> None:
    write(clean_home / ".keras", {"backend": "torch"})
    environment.module("torch", "")
    assert run(environment).ok


def test_another_reason_is_not_blamed_on_the_backend(environment: FakeEnvironment, clean_home: Path) -> None:
    write(clean_home / ".keras", {"backend": "torch"})
    environment.module("torch", "")
    environment.tensorflow(keras=None, fit_code="raise RuntimeError('out of something')")
    assert only(run(environment)).code == "compute-failed"
