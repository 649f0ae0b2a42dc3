"""Follow the remedy of each problem until a check finds none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.checkable import check, create, fill, follow_all, put_back, take_away
from tests.conftest import Api
from tests.prefixes import add_dist_info
from tests.simple_index import SimpleIndex
from tests.tensorflow.checks.fake_environment import tensorflow_code
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import PYTHON, SITE


@pytest.fixture(autouse=True)
def clean_variables(jp_environ: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Servers in tests start with a PYTHONPATH that has this interpreter's packages.
    for name in ("PYTHONPATH", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return fill(channel, tmp_path / "pip")


@pytest.mark.parametrize("name", ["h5py", "typing_extensions", "ml_dtypes", "numpy", "protobuf", "keras"])
async def test_a_package_that_was_removed(api: Api, name: str) -> None:
    environment = await create(api)
    assert (await check(api, environment))["problems"] == []
    take_away(environment, name)
    assert await follow_all(api, environment) == [f"{name}-missing"]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("h5py", "2.10.0"),
        ("typing_extensions", "3.7.4"),
        ("ml_dtypes", "0.3.2"),
        ("numpy", "2.3.0"),
        ("protobuf", "6.31.0"),
    ],
)
async def test_a_version_that_tensorflow_does_not_support(api: Api, name: str, version: str) -> None:
    environment = await create(api)
    take_away(environment, name)
    await put_back(api, environment, name, version)
    assert await follow_all(api, environment) == [f"{name}-version"]


@pytest.mark.parametrize(("installed", "code"), [(None, "greet-missing"), ("1.0", "greet-version")])
async def test_packages_of_an_index(api: Api, simple_index: SimpleIndex, installed: str | None, code: str) -> None:
    files = {"tensorflow/__init__.py": tensorflow_code()}
    simple_index.add("tensorflow", "2.19.1", requires=["greet>=2", "keras>=3"], files=files)
    simple_index.add("keras", "3.5.0", requires=["greet<3"])
    for version in ("1.0", "2.1", "3.0"):
        simple_index.add("greet", version)
    job = await api.apply(kind="create", name="tf", packages=["python", "ipykernel", "numpy 2.1.*", "pypi:tensorflow"])
    assert job["state"] == "succeeded", job
    environment = await api.environment("tf")
    site = Path(environment["prefix"]) / SITE
    shutil.rmtree(site / "greet-2.1.dist-info")
    shutil.rmtree(site / "greet")
    if installed is not None:
        add_dist_info(site, "greet", installed)
    assert await follow_all(api, environment) == [code]


async def test_a_backend_that_the_users_file_names(api: Api, clean_home: Path) -> None:
    environment = await create(api)
    (clean_home / ".keras").mkdir()
    (clean_home / ".keras" / "keras.json").write_text(json.dumps({"backend": "torch"}))
    assert await follow_all(api, environment) == ["keras-backend"]


async def test_a_backend_that_the_servers_variables_name(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = await create(api)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert await follow_all(api, environment) == ["keras-backend"]


@pytest.mark.parametrize("kind", ["variables", "script"])
async def test_a_backend_that_the_environment_names(api: Api, kind: str) -> None:
    environment = await create(api)
    prefix = Path(environment["prefix"])
    if kind == "variables":
        (prefix / "conda-meta" / "state").write_text(json.dumps({"env_vars": {"KERAS_BACKEND": "torch"}}))
    else:
        folder = prefix / "etc" / "conda" / "activate.d"
        folder.mkdir(parents=True)
        (folder / "backend.sh").write_text("export KERAS_BACKEND=torch\n")
    assert await follow_all(api, environment) == ["keras-backend"]


@pytest.mark.parametrize("name", ["typing_extensions", "h5py", "random"])
async def test_modules_in_pythonpath(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    environment = await create(api)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / f"{name}.py").write_text("raise ImportError('of the user')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine"))
    assert await follow_all(api, environment) == ["exited" if name == "random" else "pythonpath"]


async def test_modules_in_the_user_site(api: Api, clean_home: Path) -> None:
    environment = await create(api)
    prefix = Path(environment["prefix"])
    user = clean_home / ".local" / "lib" / f"python{PYTHON}" / "site-packages"
    user.mkdir(parents=True)
    (user / "typing_extensions.py").write_text("")
    # A conda environment has its user site first; this Python is a virtual environment.
    config = (prefix / "pyvenv.cfg").read_text().replace("= false", "= true")
    (prefix / "pyvenv.cfg").unlink()
    (prefix / "pyvenv.cfg").write_text(config)
    code = f"import sys; {str(user)!r} in sys.path and sys.path.insert(0, {str(user)!r})\n"
    (prefix / SITE / "user_first.pth").write_text(code)
    assert await follow_all(api, environment) == ["user-site"]
