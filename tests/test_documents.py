"""Test that every example in the documentation works: commands run, and files that they name exist."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from tfenv_lab.cli.app import TfenvApp
from tfenv_lab.settings import TfenvLab

from .tiny_channel import TinyChannel
from .tiny_tensorflow import PYTHON

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXT = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}

_ANY_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^(?:    .+\n)+", re.MULTILINE)
_INLINE = re.compile(r"`([^`]+)`")
#: Programs that an example may start; only the names of other projects' programs are verified.
_OURS = ("make", "jupyter", "jlpm", "python", ".venv/bin/pytest", ".venv/bin/python")
_OTHERS = ("pip", "python3", "git", "rm", "docker", "conda", "pre-commit", "jupyter-builder", "apt-get")


def blocks(text: str) -> list[str]:
    """Return the command lines in the code blocks of a document, without comments."""
    found = "".join(_FENCED.findall(text))
    # Paragraphs in lists are indented too, so only a block with a command is code.
    found += "".join(
        block
        for block in _INDENTED.findall(_ANY_FENCED.sub("", text))
        if any(line.split()[0] in (*_OURS, *_OTHERS) for line in block.splitlines())
    )
    return [line.strip() for line in (each.partition("  #")[0] for each in found.splitlines()) if line.strip()]


def python_blocks() -> list[str]:
    """Return the Python code of all documents: settings, and cells of notebooks."""
    return [block for text in TEXT.values() for block in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)]


@pytest.mark.parametrize("code", python_blocks())
def test_python_in_a_document_is_valid(code: str) -> None:
    compile(code, "document", "exec")


@pytest.mark.parametrize("code", [code for code in python_blocks() if "c.TfenvLab." in code])
def test_settings_in_a_document_are_accepted(code: str) -> None:
    config = Config()
    exec(code, {"c": config})
    assert TfenvLab(config=config).faults == []


def examples(program: str) -> list[str]:
    """Return every command line of a program in all documents, from code blocks and from the text."""
    lines = [
        " ".join(line.split())
        for text in TEXT.values()
        for line in [*blocks(text), *_INLINE.findall(_ANY_FENCED.sub("", text))]
    ]
    return sorted({line for line in lines if line.startswith(f"{program} ")})


def test_every_command_of_a_block_is_of_a_program_that_the_tests_know() -> None:
    lines = [line for text in TEXT.values() for line in blocks(text)]
    assert len(lines) > 10
    # A block in docs/wheelchannel.md has the only variable of a Makefile.
    assert [line for line in lines if line.split()[0] not in (*_OURS, *_OTHERS, "CHANNEL")] == []


@pytest.mark.parametrize("document", TEXT)
def test_every_file_that_a_document_links_to_exists(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT[document])
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("document", TEXT)
def test_every_variable_of_ours_that_a_document_names_is_read_somewhere(document: str) -> None:
    code = [
        path
        for folder in ("tests", "ui-tests", "scripts", "benchmarks")
        for path in (ROOT / folder).rglob("*.[pt][ys]")
    ]
    read = {name for path in code if "node_modules" not in path.parts for name in _variables(path.read_text("utf-8"))}
    assert _variables(TEXT[document]) - {"TFENV_LAB"} <= read


def _variables(text: str) -> set[str]:
    return set(re.findall(r"\bTFENV_[A-Z_]+\b", text))


class TestMake:
    @pytest.mark.parametrize("line", examples("make"))
    def test_it_has_the_target_and_the_variables(self, line: str) -> None:
        if shutil.which("make") is None:
            pytest.skip("make is not installed")
        command = [*shlex.split(line.replace("…", "")), "--dry-run", f"PYTHON={sys.executable}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        variables = dict(word.split("=", 1) for word in command[1:-2] if "=" in word)
        assert all(value in done.stdout for value in variables.values())

    def test_the_suites_are_those_of_the_guide(self, monkeypatch: pytest.MonkeyPatch) -> None:
        table = TEXT["CONTRIBUTING.md"].partition("| suite | tests |")[2].partition("\n\n")[0]
        described = [name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in _INLINE.findall(row)]
        monkeypatch.syspath_prepend(str(ROOT / "scripts"))
        spec = importlib.util.spec_from_file_location("tfenv_suites", ROOT / "scripts" / "test.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "tfenv_suites", module)
        spec.loader.exec_module(module)
        assert described == [suite.name for suite in module.suites()]
        for line in examples("make"):
            for value in re.findall(r'SUITES="(.+?)"', line):
                assert set(value.split()) <= set(described)


class TestTerminal:
    @pytest.fixture(autouse=True)
    def folder(
        self, tensorflow_channel: TinyChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        """Make a directory with the tiny channel and a notebook that has a notebook record."""
        monkeypatch.chdir(tmp_path)
        self._channel = f"--TfenvLab.channels={tensorflow_channel.url}"
        self._capsys = capsys
        assert self.run("create", "first", "--tensorflow=2.19.*", f"--python={PYTHON}")[0] == 0
        record = json.loads(self.run("export", "first", "--format=notebook")[1])
        notebook = {"cells": [], "metadata": {"tfenv_lab": record}, "nbformat": 4, "nbformat_minor": 5}
        Path("analysis.ipynb").write_text(json.dumps(notebook), encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run ``jupyter tfenv`` in this process; return its exit status and standard output."""
        app = TfenvApp()
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app.initialize([*arguments, self._channel])
            app.start()
        return int(ended.value.code or 0), self._capsys.readouterr().out

    @pytest.mark.parametrize(
        "line",
        [line for line in examples("jupyter tfenv") if len(line.split()) > 3 and not re.search("[A-Z]{3}", line)],
    )
    def test_the_example_does_what_it_says(self, line: str) -> None:
        arguments = shlex.split(line)[2:]
        status, out = self.run(*arguments, "--dry-run", "--json")
        assert (status, json.loads(out)["name"]) == (0, "tf219")
        assert self.run(*arguments)[0] == 0
        environments = json.loads(self.run("list", "--json")[1])["environments"]
        assert {each["name"]: each["tensorflow"]["version"] for each in environments}["tf219"] == "2.19.1"


def test_zsh_takes_the_examples_as_they_are_written() -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    lines = [line for line in examples("jupyter tfenv") if not set("$(\\<>…") & set(line)]
    script = "\n".join(['jupyter() { print -rN -- "$@"; print -r }', *lines])
    done = subprocess.run(["zsh", "-f", "-e", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split("\0")[:-1] for line in done.stdout.splitlines()] == [shlex.split(line)[1:] for line in lines]


def test_a_command_that_a_document_names_is_there() -> None:
    named = {line.split()[2] for line in examples("jupyter tfenv")}
    assert {"create", "import", "remove"} <= named <= set(TfenvApp.subcommands)


def test_the_commands_that_the_readme_lists_are_those_there_are() -> None:
    sentence = TEXT["README.md"].partition("`jupyter tfenv` has ")[2].partition(". ")[0]
    assert set(_INLINE.findall(sentence)) == set(TfenvApp.subcommands)


@pytest.mark.parametrize("line", examples("jupyter lab"))
def test_traits_on_the_command_line_are_those_of_the_extension(line: str) -> None:
    arguments = shlex.split(line.replace("$(CHANNEL)", "file:///channel"))[2:]
    # JupyterLab has the server's command line options.
    server = ServerApp()
    server.parse_command_line(arguments)
    assert TfenvLab(config=server.config).channels in (["https://repo.example.org/conda-forge"], ["file:///channel"])


@pytest.mark.parametrize("line", [line for line in examples("jupyter") if line.endswith("extension list")])
def test_the_extension_is_listed_as_installed(line: str) -> None:
    command = [sys.executable, "-m", *shlex.split(line)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    name = "tfenv-lab" if "labextension" in line else "tfenv_lab"
    assert re.search(rf"{name} .*enabled", done.stdout + done.stderr)


@pytest.mark.parametrize("line", examples("jlpm"))
def test_jlpm_has_the_script_or_the_tool(line: str) -> None:
    word = line.split()[1]
    files = [json.loads((ROOT / folder / "package.json").read_text(encoding="utf-8")) for folder in (".", "ui-tests")]
    scripts = {name for file in files for name in file["scripts"]}
    tools = {name.removeprefix("@").partition("/")[0] for file in files for name in file["devDependencies"]}
    assert word in {"install", *scripts, *tools}


@pytest.mark.parametrize("line", examples(".venv/bin/pytest"))
def test_pytest_finds_the_tests(line: str) -> None:
    command = [sys.executable, "-m", "pytest", *shlex.split(line)[1:], "--collect-only", "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("line", [*examples("python"), *examples(".venv/bin/python")])
def test_python_has_the_module_or_script(line: str) -> None:
    program, *arguments = shlex.split(line)[1:]
    if program != "-m":
        assert (ROOT / program).is_file()
        return
    module = arguments[0]
    # The release guide installs these programs.
    assert module in {"pip", "build", "twine"} or importlib.util.find_spec(module) is not None
