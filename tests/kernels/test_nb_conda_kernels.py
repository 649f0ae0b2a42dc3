"""Test that names, ids and metadata are those of the real nb_conda_kernels; skipped if it is not available."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tests.kernels import original
from tests.kernels.conftest import run
from tests.kernels.on_disk import hand_made, registered, spec_of
from tests.kernels.test_naming import CASES
from tests.prefixes import add_kernel, make_prefix
from tests.tiny_tensorflow import PYTHON as VERSION
from tfenv_lab.conda.settings import condarc
from tfenv_lab.environments.service import EnvironmentService
from tfenv_lab.kernels.naming import environment_names, kernel_id
from tfenv_lab.kernels.service import KernelService

#: nb_conda_kernels' default.
ITS_FORMAT = "{language} [conda env:{environment}]"
PYTHON = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "Python 3 (ipykernel)", "language": "python"}
SPECS: dict[str, dict[str, Any]] = {
    "python3": {**PYTHON, "metadata": {"debugger": True}},
    "python2": {**PYTHON, "display_name": "Python 2"},
    "ir": {"argv": ["R"], "display_name": "R", "language": "R"},
    "julia-1.10": {"argv": ["julia"], "display_name": "Julia 1.10.4", "language": "julia"},
    "Mein Kern": {"argv": ["x"], "display_name": "Mein Kern é", "language": "bash", "env": {"A": "1"}},
    ".hidden": {"argv": ["x"], "display_name": "Hidden", "language": "bash"},
}


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Any:
    return original.load(monkeypatch)


@pytest.fixture
def knowing(real: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a manager whose conda lists these prefixes."""

    def make(prefixes: Sequence[str], base: str, **traits: Any) -> Any:
        # The answer of "conda info --json", in conda's order.
        info = {"envs": sorted(prefixes), "conda_prefix": base, "envs_dirs": [f"{base}/envs"]}
        monkeypatch.setattr(real, "_conda_info", info)
        made = real(**traits)
        made._conda_info_cache = info
        return made

    return make


@pytest.mark.parametrize("case", [case for case in CASES if case[1] is not None], ids=str)
def test_the_table(knowing: Callable[..., Any], case: Any) -> None:
    prefixes, base, _, prefix, kernel, identifier = case
    theirs = {place: name for name, place in knowing(prefixes, base)._all_envs().items()}
    assert environment_names(prefixes, base) == theirs
    assert kernel_id(theirs[prefix], kernel) == identifier


@pytest.mark.parametrize(
    "folders",
    [
        ["conda/envs/tf", "home/.conda/envs/tf", "data/tf", "data/envs/tf", "more/data/envs/tf"],
        ["conda/envs/Ünï çode", "conda/envs/a+b", "conda/envs/日本", "conda/envs/A.b-C_1", "p/envs/my env é"],
        ["a/x", "b/x", "c/x", "d/x-2", "conda/envs/x", "z/base", "conda/conda-bld/work/_h_env"],
        [],
    ],
    ids=str,
)
def test_kernels_of_every_language(knowing: Callable[..., Any], envs: Path, tmp_path: Path, folders: list[str]) -> None:
    base = tmp_path / "conda"
    prefixes = [make_prefix(tmp_path / folder, python="3.11.9") for folder in ("conda", *folders)]
    for prefix in prefixes:
        for name, spec in SPECS.items():
            add_kernel(prefix, name, spec)
        # Python 2 and 3 in one environment would have the same id.
        (prefix / "share/jupyter/kernels/python2").rename(prefix / "share/jupyter/kernels/conda-made")
    manager = knowing([str(prefix) for prefix in prefixes[1:]], str(base))
    # A kernelspec that a tool generated inside an environment is not the environment's own.
    theirs = {name: spec for name, spec in original.below(manager, tmp_path).items() if "conda-made" not in name}

    settings = condarc.load({"CONDA_ROOT_PREFIX": str(base)})
    service = KernelService(
        settings, prefixes=lambda: dict.fromkeys(prefixes, True), display_name=ITS_FORMAT, envs_dir=envs
    )
    for prefix in prefixes:
        if "conda-bld" not in prefix.parts:
            run(service.register(prefix))
    assert registered() == sorted(theirs)
    for name, spec in theirs.items():
        ours = spec_of(name)
        assert ours["metadata"].pop("tfenv_lab")
        assert ours["metadata"] == spec["metadata"]
        assert ours["display_name"] == spec["display_name"]
        assert ours["language"] == spec["language"]
        # Both start the same program: theirs through a runner that activates, ours with the variables of activation.
        assert Path(ours["argv"][0]).name == Path(spec["argv"][-len(ours["argv"]) :][0]).name
        assert ours["argv"][1:] == spec["argv"][len(spec["argv"]) - len(ours["argv"]) + 1 :]


def test_environments_that_conda_lists_have_the_same_names(
    real: Any, tmp_path: Path, clean_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compare conda's own list with our discovery, including an environment that only we find."""
    conda = Path(str(original.CONDA))
    folders = [tmp_path / "a" / "envs", tmp_path / "b" / "envs", tmp_path / "plain"]
    for folder in folders:
        for name in ("tf", "TF", "my env é"):
            make_prefix(folder / name, python="3.11.9", kernels=["python3"])
    (clean_home / ".condarc").write_text(json.dumps({"envs_dirs": [str(folder) for folder in folders]}))
    # conda does not search this directory; if it did, this environment would take the name of another one.
    unknown = make_prefix(clean_home / "miniforge3" / "envs" / "tf", python="3.11.9", kernels=["python3"])
    make_prefix(clean_home / "miniforge3")
    monkeypatch.setenv("CONDA_EXE", str(conda))
    theirs = original.below(real(), tmp_path)
    assert len(theirs) == 9

    settings = condarc.load()
    environments = EnvironmentService(settings)
    service = KernelService(settings, prefixes=environments.known_prefixes, display_name=ITS_FORMAT)
    paths = {spec["metadata"]["conda_env_path"]: name for name, spec in theirs.items()}
    assert run(environments.prefixes()) and set(paths) < {str(path) for path in run(environments.prefixes())}
    for path, name in paths.items():
        run(service.register(Path(path)))
        # Jupyter ignores case in the names of our directories, so one of TF and tf needs a number.
        kernel = run(service.kernel_of(Path(path)))
        assert kernel is not None
        assert re.sub(r"-2-py$", "-py", kernel.name) == name.lower()
    assert run(service.register(unknown)).name == "conda-env-miniforge3-tf-py"


def test_a_renamed_base_environment_gets_the_same_name(
    knowing: Callable[..., Any], make_service: Callable[..., KernelService], tmp_path: Path
) -> None:
    base = make_prefix(tmp_path / "conda", python="3.11.9", kernels=["python3"])
    manager = knowing([str(base)], str(base), base_name="root")
    service = make_service(manager=manager)
    assert run(service.register(base)).name == "conda-root-py"
    assert list(original.below(manager, tmp_path)) == ["conda-root-py"]
    assert spec_of("conda-root-py")["metadata"]["conda_is_base_environment"] is True


def test_excluded_environments_change_no_name(
    knowing: Callable[..., Any], make_service: Callable[..., KernelService], tmp_path: Path
) -> None:
    left_out, shown = (
        make_prefix(tmp_path / folder / "x", python="3.11.9", kernels=["python3"]) for folder in ("a-skipped", "b")
    )
    manager = knowing([str(left_out), str(shown)], str(tmp_path / "conda"), env_filter="skipped")
    service = make_service(manager=manager)
    names = {run(service.register(prefix)).name: prefix for prefix in (left_out, shown)}
    assert names == {"conda-env-x-2-py": left_out, "conda-env-x-py": shown}
    assert original.below(manager, tmp_path).keys() == names.keys()


def test_it_deletes_our_kernelspecs_if_kernelspec_path_is_our_directory(
    real: Any, make_service: Callable[..., KernelService], tf219: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real manager does what ``conda_manager.trouble`` warns about."""
    run(make_service().register(tf219))
    hand_made("mine")
    assert registered() == ["conda-env-tf219-py", "mine"]
    real(kernelspec_path="--user")
    assert "conda-env-tf219-py" not in registered()
    assert "mine" in registered()


class TestServer:
    """A server whose kernelspec manager is nb_conda_kernels'."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any], real: Any, clean_home: Path) -> dict[str, Any]:
        folder = clean_home / ".conda" / "envs"
        (clean_home / ".condarc").write_text(json.dumps({"envs_dirs": [str(folder)]}))
        config = {**jp_server_config["ServerApp"], "kernel_spec_manager_class": real}
        return {**jp_server_config, "ServerApp": config}

    async def test_a_new_kernel_is_listed_once_and_at_once(self, api: Api, jp_fetch: Any) -> None:
        async def listed() -> list[str]:
            found = json.loads((await jp_fetch("api", "kernelspecs")).body)["kernelspecs"]
            return [name for name in found if "tf219" in name.lower()]

        assert await listed() == []
        job = await api.apply(kind="create", name="TF219", tensorflow="2.19.*", python=VERSION)
        assert job["state"] == "succeeded", job
        (name,) = await listed()
        assert name == "conda-env-.conda-TF219-py"
        made = await api.environment("TF219")
        assert made["kernel"]["name"] == name
        job = await api.finished((await api.call("DELETE", f"environments/{made['id']}"))[1]["id"])
        assert job["state"] == "succeeded", job
        assert await listed() == []
