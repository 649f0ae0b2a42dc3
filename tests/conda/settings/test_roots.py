"""Test that conda is found wherever users have it: by variables, on ``PATH``, by links and in usual locations."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tfenv_lab.conda.settings import condarc, files, roots
from tfenv_lab.environments import discovery


@pytest.fixture(autouse=True)
def own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's system directories and conda installations."""
    monkeypatch.setattr(files, "SYSTEM_DIRS", ())
    monkeypatch.setattr(roots, "SYSTEM_ROOTS", (tmp_path / "opt" / "conda",))
    monkeypatch.setattr("sys.base_prefix", str(tmp_path / "server"))


@pytest.fixture
def home(clean_home: Path) -> Path:
    return clean_home


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "apps" / "anaconda" / "2023.03")


def make_root(path: Path) -> Path:
    """Make a base environment with its programs, a condarc, and an environment “work”."""
    for prefix in (path, path / "envs" / "work"):
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
    (path / "pkgs").mkdir()
    (path / "bin").mkdir()
    (path / "condabin").mkdir()
    for program in ("bin/conda", "condabin/conda", "bin/mamba"):
        (path / program).write_text(f"#!{path}/bin/python\n")
    (path / "bin" / "python3.11").touch()
    (path / "bin" / "python").symlink_to("python3.11")
    (path / ".condarc").write_text("channels: [of-this-conda]\n")
    return path


def assert_found(root: Path, env: dict[str, str], home: Path) -> None:
    """Verify that the base environment, its environments and its condarc are found."""
    settings = condarc.load(env, home)
    assert settings.root_prefix == root
    assert [channel.name for channel in settings.channels] == ["of-this-conda"]
    places = discovery.places(settings, env=env, home=home, server=())
    assert root in places.prefixes
    assert root / "envs" in places.folders
    folder = discovery.in_folder(str(root / "envs"))
    assert [candidate.path for candidate in folder.candidates] == [str(root / "envs" / "work")]


@pytest.mark.parametrize("folder", ["bin", "condabin"])
def test_conda_on_path_leads_to_its_root(folder: str, root: Path, home: Path) -> None:
    assert_found(root, {"PATH": f"/usr/bin::relative:{root / folder}:/bin"}, home)


def test_a_link_to_conda_on_path_leads_to_its_root(root: Path, home: Path, tmp_path: Path) -> None:
    link = tmp_path / "usr" / "local" / "bin" / "conda"
    link.parent.mkdir(parents=True)
    link.symlink_to(root / "bin" / "conda")
    assert_found(root, {"PATH": str(link.parent)}, home)
    assert_found(root, {"CONDA_EXE": str(link)}, home)


def test_a_link_to_a_link_leads_to_its_root(root: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "first").symlink_to(root / "condabin" / "conda")
    link = home / "bin" / "conda"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "first")
    assert_found(root, {"PATH": str(link.parent)}, home)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no scripts with a first line")
@pytest.mark.parametrize(
    "text",
    [
        "#!{root}/bin/python\n",
        "#!/bin/sh\n'''exec' \"{root}/bin/python3.11\" \"$0\"\n",
        '#!/bin/sh\nexec {root}/bin/conda "$@"\n',
        '#!/bin/bash\n# Added by the administrator.\n  exec "{root}/condabin/conda" "$@"\n',
        "#!/usr/bin/env bash\nexec '{root}/bin/conda' \"$@\"\n",
        '#!/bin/bash\nexport X=/usr/bin\n{root}/bin/conda "$@"\n',
        '#!/bin/bash\nsource {root}/etc/profile.d/conda.sh && conda "$@"\n',
        '#!/bin/sh\nexport MAMBA_ROOT_PREFIX={root}\nexec /usr/bin/micromamba "$@"\n',
    ],
)
def test_a_copy_or_a_wrapper_leads_to_its_root(text: str, root: Path, home: Path) -> None:
    copy = home / "bin" / "conda"
    copy.parent.mkdir()
    copy.write_text(text.format(root=root))
    assert_found(root, {"PATH": str(copy.parent)}, home)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONDA_EXE", "bin/conda"),
        ("_CONDA_EXE", "bin/conda"),
        ("CONDA_PYTHON_EXE", "bin/python"),
        ("MAMBA_EXE", "bin/mamba"),
        ("MAMBA_ROOT_PREFIX", "."),
        ("CONDA_ROOT", "."),
    ],
)
def test_a_variable_leads_to_its_root(variable: str, value: str, root: Path, home: Path) -> None:
    assert_found(root, {variable: str(root / value)}, home)


@pytest.mark.parametrize(
    "location",
    [
        "miniforge3",
        "miniforge",
        "mambaforge",
        "miniconda3",
        "anaconda3",
        "micromamba",
        "opt/anaconda3",
        "opt/miniconda3",
        ".local/share/mamba",
        ".local/miniforge3",
        "Miniconda3",
        "anaconda3-2023.03",
        "software/miniconda3",
        ".pyenv/versions/miniforge3-24.11.0-0",
    ],
)
def test_usual_locations_in_the_home_directory_are_searched(location: str, home: Path) -> None:
    assert_found(make_root(home / location), {}, home)


@pytest.mark.parametrize("file", [".bashrc", ".profile", ".zshrc", ".config/fish/config.fish"])
@pytest.mark.parametrize(
    "text",
    [
        "__conda_setup=\"$('{root}/bin/conda' 'shell.bash' 'hook' 2> /dev/null)\"\n",
        '. "{root}/etc/profile.d/conda.sh"\n',
        'eval {root}/bin/conda "shell.fish" "hook" $argv | source\n',
        "export MAMBA_EXE='/usr/bin/mamba';\nexport MAMBA_ROOT_PREFIX='{root}';\n",
        'set -gx MAMBA_ROOT_PREFIX "{root}"\n',
        "export PATH=/usr/local/bin:{root}/bin:$PATH\n",
        'export PATH="{root}/bin:$PATH"  # added by Anaconda3\n',
        "source {root}/bin/activate\n",
    ],
)
def test_the_files_of_a_shell_lead_to_its_root(text: str, file: str, root: Path, home: Path) -> None:
    (home / file).parent.mkdir(parents=True, exist_ok=True)
    (home / file).write_text("# Mine\nalias ll='ls -l'\n" + text.format(root=root))
    assert_found(root, {}, home)


@pytest.mark.parametrize("text", ["PATH=$HOME/my/bin:$PATH", "PATH=~/my/bin:$PATH", 'PATH="${{HOME}}/my/bin:$PATH"'])
def test_a_path_in_the_home_directory_is_found_in_the_files_of_a_shell(text: str, home: Path) -> None:
    root = make_root(home / "my")
    (home / ".bashrc").write_text(text.format())
    assert_found(root, {}, home)


def test_files_of_a_shell_that_name_no_root_are_ignored(root: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "project/envs").mkdir(parents=True)
    (home / ".bashrc").write_bytes(
        b"\xff\n. /etc/profile.d/conda.sh\n"
        + f"PATH={tmp_path}/project/bin:{root}/envs/work/bin:~nobody/bin:$NOPE/bin\nMAMBA_ROOT_PREFIX=\n".encode()
    )
    assert roots.find({}, home) == []


def test_environments_in_the_home_directory_are_not_roots(home: Path) -> None:
    for name in ("conda-tf", "mamba2", ".conda/envs/tf"):
        (home / name / "conda-meta").mkdir(parents=True)
        (home / name / "conda-meta/history").touch()
    (home / ".conda/pkgs").mkdir()
    assert roots.find({}, home) == []


def test_the_data_directory_of_mamba_is_searched(home: Path, tmp_path: Path) -> None:
    assert_found(make_root(tmp_path / "data" / "mamba"), {"XDG_DATA_HOME": str(tmp_path / "data")}, home)


def test_the_root_prefix_of_micromamba_needs_only_environments(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mamba" / "envs" / "tf" / "conda-meta").mkdir(parents=True)
    assert condarc.load({"MAMBA_ROOT_PREFIX": str(tmp_path / "mamba")}, home).root_prefix == tmp_path / "mamba"


def test_the_conda_of_a_terminal_comes_before_usual_locations(root: Path, home: Path) -> None:
    other = make_root(home / "miniforge3")
    assert roots.find({"PATH": str(root / "bin")}, home) == [root, other]


def test_mamba_as_a_package_of_an_environment_is_not_a_root(root: Path, home: Path) -> None:
    folder = root / "envs" / "work" / "bin"
    folder.mkdir()
    for program in ("mamba", "micromamba"):
        (folder / program).touch()
    assert roots.find({"PATH": str(folder)}, home) == []


def test_a_program_without_an_installation_is_ignored(home: Path, tmp_path: Path) -> None:
    for folder in ("bin", "venv/bin"):
        (home / folder).mkdir(parents=True)
        (home / folder / "conda").write_text("#!/usr/bin/python\n")
    (home / "bin" / "mamba").symlink_to(tmp_path / "gone")
    env = {"PATH": f"{home / 'bin'}:{home / 'venv/bin'}", "CONDA_EXE": str(tmp_path / "no/bin/conda"), "MAMBA_EXE": "x"}
    assert roots.find(env, home) == []
