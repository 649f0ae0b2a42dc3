"""Test the kernel settings, a fixed list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kernels.conftest import run
from tests.kernels.on_disk import spec_of
from tfenv_lab.errors import InvalidRequest
from tfenv_lab.kernels import settings
from tfenv_lab.kernels.service import KernelService
from tfenv_lab.processes import with_kernel_variables

PREFIX = Path("/envs/tf")


def test_each_has_its_variable() -> None:
    wanted = dict.fromkeys(
        ("legacy_keras", "ignore_user_site", "ignore_pythonpath", "tensorflow_backend", "own_cuda_data"), True
    )
    env = settings.changed({}, wanted, PREFIX)
    assert env == {
        "TF_USE_LEGACY_KERAS": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": "",
        "KERAS_BACKEND": "tensorflow",
        "XLA_FLAGS": "--xla_gpu_cuda_data_dir=/envs/tf",
    }
    assert settings.names(env, PREFIX) == tuple(wanted)
    off = dict.fromkeys(("legacy_keras", "ignore_pythonpath", "tensorflow_backend", "own_cuda_data"), False)
    assert settings.changed(env, off, PREFIX) == {"PYTHONNOUSERSITE": "1"}


@pytest.mark.parametrize(
    ("env", "held"),
    [
        ({"TF_USE_LEGACY_KERAS": "0"}, ()),
        ({"TF_USE_LEGACY_KERAS": "False"}, ()),
        ({"TF_USE_LEGACY_KERAS": ""}, ()),
        ({"TF_USE_LEGACY_KERAS": "True"}, ("legacy_keras",)),
        # Python ignores ~/.local if the variable has any value.
        ({"PYTHONNOUSERSITE": "0"}, ("ignore_user_site",)),
        ({"PYTHONNOUSERSITE": ""}, ()),
        ({"PYTHONPATH": "/mine"}, ()),
        ({"PYTHONPATH": ""}, ("ignore_pythonpath",)),
        ({"KERAS_BACKEND": "jax"}, ()),
        ({"XLA_FLAGS": "--xla_dump_to=/envs/tf"}, ()),
        ({"XLA_FLAGS": "--xla_gpu_cuda_data_dir=/usr/local/cuda"}, ()),
        ({"XLA_FLAGS": "--xla_gpu_cuda_data_dir=/envs/tf-gpu"}, ()),
        ({"XLA_FLAGS": "--xla_gpu_cuda_data_dir=/envs/tf --xla_gpu_cuda_data_dir=/usr"}, ()),
        ({"XLA_FLAGS": "--xla_dump_to=/x --xla_gpu_cuda_data_dir=/envs/tf/lib/"}, ("own_cuda_data",)),
    ],
)
def test_a_setting_is_on_if_its_program_says_so(env: dict[str, str], held: tuple[str, ...]) -> None:
    assert settings.names(env, PREFIX) == held


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        ("/envs/tf", "/envs/new"),
        ("/envs/tf/bin:/envs/tf", "/envs/new/bin:/envs/new"),
        ("-I/envs/tf/include -L/envs/tf/lib", "-I/envs/new/include -L/envs/new/lib"),
        ("file:///envs/tf/x", "file:///envs/new/x"),
        ("--dir='/envs/tf/lib/'", "--dir='/envs/new/lib/'"),
        ("/envs/tf2:/envs/tf-gpu:/envs/tf.old:/data/envs/tf", "/envs/tf2:/envs/tf-gpu:/envs/tf.old:/data/envs/tf"),
        ("${HOME}:$$x", "${HOME}:$$x"),
    ],
)
def test_values_follow_the_prefix_to_its_new_path(value: str, moved: str) -> None:
    assert settings.moved({"A": value}, PREFIX, Path("/envs/new")) == {"A": moved}


def test_a_dollar_sign_in_the_prefix_stays_one() -> None:
    prefix = Path("/envs/${HOME}")
    env = settings.changed({}, {"own_cuda_data": True}, prefix)
    assert with_kernel_variables(env)["XLA_FLAGS"] == f"--xla_gpu_cuda_data_dir={prefix}"
    assert settings.names(env, prefix) == ("own_cuda_data",)
    assert settings.moved(env, prefix, PREFIX)["XLA_FLAGS"] == f"--xla_gpu_cuda_data_dir={PREFIX}"


def test_settings_that_are_not_named_stay() -> None:
    assert settings.changed({"MINE": "x"}, {"legacy_keras": False}, PREFIX) == {"MINE": "x"}


@pytest.mark.parametrize(
    "body", [{"env": {"LD_PRELOAD": "x.so"}}, {"legacy_keras": "1"}, {"legacy_keras": 1}, {"TF_USE_LEGACY_KERAS": True}]
)
def test_nothing_else_can_be_set(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        settings.parse(body)


def test_null_leaves_a_setting_as_it_is() -> None:
    assert settings.parse({"legacy_keras": None, "ignore_user_site": False}) == {"ignore_user_site": False}


def test_a_setting_is_remembered_by_the_kernelspec(service: KernelService, tf219: Path) -> None:
    run(service.change(tf219, "tf219", {"legacy_keras": True}))
    run(service.change(tf219, "tf219", {"ignore_user_site": True}))
    run(service.register(tf219))
    env = spec_of("conda-env-tf219-py")["env"]
    assert (env["TF_USE_LEGACY_KERAS"], env["PYTHONNOUSERSITE"]) == ("1", "1")
    kernel = run(service.kernel_of(tf219))
    assert kernel is not None
    assert kernel.settings == ("legacy_keras", "ignore_user_site")
    run(service.change(tf219, "tf219", {"legacy_keras": False}))
    assert "TF_USE_LEGACY_KERAS" not in spec_of("conda-env-tf219-py")["env"]


def test_settings_are_refused_if_nb_conda_kernels_shows_its_own_kernel(
    make_service: Callable[..., KernelService], tf219: Path
) -> None:
    class CondaKernelSpecManager:
        _conda_kernels_cache = None
        kernelspec_path = None

        def find_kernel_specs(self) -> dict[str, str]:
            return {}

    service = make_service(manager=CondaKernelSpecManager())
    with pytest.raises(InvalidRequest, match="nb_conda_kernels"):
        run(service.change(tf219, "tf219", {"legacy_keras": True}))
    run(service.change(tf219, "tf219", {}))
