"""Test that a kernelspec's ``env`` has the variables that ``conda activate`` would change, and no others."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from string import Template

import psutil
import pytest

from tests.prefixes import make_prefix
from tfenv_lab.conda.prefix import scripts
from tfenv_lab.conda.prefix.activation import environment_variables

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="activation scripts are run by bash")
BASE = {"PATH": "/usr/bin:/bin", "HOME": "/home/u", "LD_LIBRARY_PATH": "/machine/lib"}


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "envs" / "tf219")


def add_script(prefix: Path, name: str, text: str) -> None:
    path = prefix / "etc" / "conda" / "activate.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def started(variables: dict[str, str], base: dict[str, str] = BASE) -> dict[str, str]:
    """Return the variables that a kernel sees after Jupyter has filled in the templates."""
    return {**base, **{name: Template(value).safe_substitute(base) for name, value in variables.items()}}


def test_path_and_condas_variables(prefix: Path) -> None:
    assert environment_variables(prefix) == {
        "PATH": f"{prefix}/bin:${{PATH}}",
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": "tf219",
        "CONDA_SHLVL": "1",
        "CONDA_PROMPT_MODIFIER": "(tf219) ",
    }


def test_an_environment_outside_of_envs_is_called_by_its_path(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "project" / "env")
    assert environment_variables(prefix)["CONDA_DEFAULT_ENV"] == str(prefix)


def test_the_root_prefix_is_called_base(prefix: Path) -> None:
    assert environment_variables(prefix, root=prefix)["CONDA_DEFAULT_ENV"] == "base"


class TestDeclaredVariables:
    def declare(self, prefix: Path, package: object = None, own: object = None) -> None:
        folder = prefix / "etc" / "conda" / "env_vars.d"
        folder.mkdir(parents=True)
        if package is not None:
            (folder / "package.json").write_text(json.dumps(package))
        if own is not None:
            (prefix / "conda-meta" / "state").write_text(json.dumps({"version": 1, "env_vars": own}))

    def test_packages_and_the_environments_own(self, prefix: Path) -> None:
        self.declare(prefix, {"A": "package", "B": "package"}, {"B": "own", "C": "own"})
        found = environment_variables(prefix)
        assert (found["A"], found["B"], found["C"]) == ("package", "own", "own")

    def test_unset_and_reserved_ones_are_left_out(self, prefix: Path) -> None:
        self.declare(prefix, {"A": "package"}, {"A": "***unset***", "PATH": "/evil"})
        found = environment_variables(prefix)
        assert "A" not in found
        assert found["PATH"] == f"{prefix}/bin:${{PATH}}"

    @pytest.mark.parametrize("name", ["PATH", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_SHLVL"])
    def test_no_file_sets_the_variables_of_activation(self, name: str, prefix: Path) -> None:
        expected = environment_variables(prefix)
        self.declare(prefix, {name: "/evil"}, {name.lower(): "/evil"})
        assert environment_variables(prefix) == expected

    @pytest.mark.parametrize("script", [None, "export SCRIPT=1"])
    @pytest.mark.parametrize(
        ("name", "value"),
        [("", "1"), ("A=B", "1"), ("A B", "1"), ("1A", "1"), ("Ä", "1"), ("A\0", "1"), ("A", "a\0b")],
    )
    def test_what_no_process_can_have_is_left_out(
        self, name: str, value: str, script: str | None, prefix: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.declare(prefix, own={name: value, "OTHER": "1", "NONE": None})
        if script is not None:
            add_script(prefix, "a.sh", script)
        found = environment_variables(prefix)
        assert found.keys() - {"SCRIPT"} == {*environment_variables(make_prefix(prefix.parent / "new")), "OTHER"}
        assert repr(name) in caplog.text

    def test_a_dollar_sign_stays_one(self, prefix: Path) -> None:
        self.declare(prefix, own={"PRICE": "$5 ${PATH} $$"})
        assert started(environment_variables(prefix))["PRICE"] == "$5 ${PATH} $$"

    @pytest.mark.parametrize("text", ["", "{", "[1]", '{"env_vars": 3}'])
    def test_a_damaged_file_is_passed_over(self, text: str, prefix: Path) -> None:
        (prefix / "conda-meta" / "state").write_text(text)
        assert environment_variables(prefix)["CONDA_PREFIX"] == str(prefix)


def test_conda_itself_is_found_behind_the_environments_programs(prefix: Path, tmp_path: Path) -> None:
    root = tmp_path / "conda"
    assert environment_variables(prefix, root)["PATH"] == f"{prefix}/bin:${{PATH}}"
    (root / "condabin").mkdir(parents=True)
    assert environment_variables(prefix, root)["PATH"] == f"{prefix}/bin:{root}/condabin:${{PATH}}"


def test_condas_own_programs_are_named(prefix: Path, tmp_path: Path) -> None:
    root = tmp_path / "conda"
    (root / "bin").mkdir(parents=True)
    assert "CONDA_EXE" not in environment_variables(prefix, root)
    (root / "bin" / "conda").touch()
    found = environment_variables(prefix, root)
    assert found["CONDA_EXE"] == f"{root}/bin/conda"
    assert found["CONDA_PYTHON_EXE"] == f"{root}/bin/python"


def test_declared_variables_are_in_capitals_as_conda_exports_them(prefix: Path) -> None:
    (prefix / "conda-meta" / "state").write_text('{"env_vars": {"mode": "1", "path": "/reserved"}}')
    found = environment_variables(prefix)
    assert found["MODE"] == "1"
    assert not {"mode", "path"} & found.keys()


@needs_bash
class TestScripts:
    def test_what_they_export_is_there(self, prefix: Path) -> None:
        add_script(prefix, "cuda.sh", 'export XLA_FLAGS="--xla_gpu_cuda_data_dir=$CONDA_PREFIX"\nnot_exported=1\n')
        found = environment_variables(prefix, base=BASE)
        assert found["XLA_FLAGS"] == f"--xla_gpu_cuda_data_dir={prefix}"
        assert "not_exported" not in found

    def test_they_run_in_order_and_see_each_other(self, prefix: Path) -> None:
        add_script(prefix, "b.sh", 'export SEEN="$SEEN b"\n')
        add_script(prefix, "a.sh", 'export SEEN="a"\n')
        assert environment_variables(prefix, base=BASE)["SEEN"] == "a b"

    def test_they_see_what_is_declared(self, prefix: Path) -> None:
        (prefix / "conda-meta" / "state").write_text('{"env_vars": {"MODE": "fast"}}')
        add_script(prefix, "a.sh", "export COPY=$MODE-$CONDA_DEFAULT_ENV\n")
        assert environment_variables(prefix, base=BASE)["COPY"] == "fast-tf219"

    def test_variables_that_they_extend_keep_what_was_set(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", 'export LD_LIBRARY_PATH="$CONDA_PREFIX/lib:$LD_LIBRARY_PATH"\n')
        assert started(environment_variables(prefix, base=BASE))["LD_LIBRARY_PATH"] == f"{prefix}/lib:/machine/lib"

    def test_path_is_extended_around_the_one_of_the_kernels_start(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", 'export PATH="/front:$PATH:/back"\n')
        kernel = started(environment_variables(prefix, base=BASE), {**BASE, "PATH": "/later"})
        assert kernel["PATH"] == f"/front:{prefix}/bin:/later:/back"

    def test_what_was_already_so_is_not_repeated(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", "export HOME=/home/u LD_LIBRARY_PATH=/machine/lib\n")
        assert not {"HOME", "LD_LIBRARY_PATH", "SHLVL", "PWD", "_"} & set(environment_variables(prefix, base=BASE))

    def test_what_they_unset_is_empty(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", "unset LD_LIBRARY_PATH\n")
        assert environment_variables(prefix, base={**BASE, "odd.name": "1"}).items() >= {"LD_LIBRARY_PATH": ""}.items()

    def test_a_machine_without_a_locale_has_none_afterwards(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", "export A=1\n")
        assert "LC_CTYPE" not in environment_variables(prefix, base=BASE)

    def test_values_may_hold_anything(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", "export ODD=$'two\\nlines \\'quoted\\' $x \\xc3\\xa9'\n")
        assert started(environment_variables(prefix, base=BASE))["ODD"] == "two\nlines 'quoted' $x é"

    def test_output_and_input_of_scripts_are_ignored(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", "echo A=spoof; echo oops >&2; read answer; export ANSWER=[$answer]\n")
        assert environment_variables(prefix, base=BASE)["ANSWER"] == "[]"

    def test_one_that_fails_does_not_stop_the_others(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", "false; no-such-command; return 3\n")
        add_script(prefix, "b.sh", "export B=1\n")
        assert environment_variables(prefix, base=BASE)["B"] == "1"

    def test_one_with_a_syntax_error_does_not_stop_the_others(self, prefix: Path) -> None:
        add_script(prefix, "a.sh", "if then fi (\n")
        add_script(prefix, "b.sh", "export B=1\n")
        assert environment_variables(prefix, base=BASE)["B"] == "1"

    def test_other_shells_scripts_are_not_run(self, prefix: Path) -> None:
        add_script(prefix, "a.fish", "export A=1\n")
        add_script(prefix, "a.csh", "export A=1\n")
        assert "A" not in environment_variables(prefix, base=BASE)

    def test_a_script_that_ends_the_shell_is_logged(self, prefix: Path, caplog: pytest.LogCaptureFixture) -> None:
        add_script(prefix, "a.sh", "export A=1; exit 0\n")
        assert environment_variables(prefix, base=BASE)["PATH"] == f"{prefix}/bin:${{PATH}}"
        assert str(prefix) in caplog.text

    def test_a_script_that_hangs_is_killed_with_its_children(
        self, prefix: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(scripts, "LIMIT", 1.0)
        add_script(prefix, "a.sh", "sleep 600 & echo $! > $CONDA_PREFIX/child; sleep 600\n")
        begun = time.monotonic()
        assert environment_variables(prefix, base=BASE)["CONDA_PREFIX"] == str(prefix)
        assert time.monotonic() - begun < 60
        assert str(prefix) in caplog.text
        child = int((prefix / "child").read_text())
        while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() - begun < 60
            time.sleep(0.01)
