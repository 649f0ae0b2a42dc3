"""Test that an invalid setting never weakens a restriction: it is ignored or the server refuses to serve."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.application import JupyterApp
from jupyter_server.serverapp import ServerApp

from tfenv_lab.app import TfenvExtension
from tfenv_lab.cli.app import TfenvApp
from tfenv_lab.cli.table import command_class
from tfenv_lab.configuration import Fault
from tfenv_lab.settings import TfenvLab

TRAITS = sorted(TfenvLab.class_own_traits(config=True))
HARMLESS = {
    "max_running_jobs",
    "kernel_display_name",
    "check_after_change",
    "spare_worker",
    "package_cache_limit",
    "undo_minutes",
}
#: A valid value of each trait that is not its default.
GOOD: dict[str, Any] = {
    "channels": ["conda-forge", "https://repo.example.org/a%20b", "/srv/my channel", "file:///srv/my channel"],
    "allowed_channels": ["conda-forge/label/rc"],
    "python_index": "https://me:secret@repo.example.org/a%20b/simple",
    "allowed_indexes": ["https://repo.example.org/simple", "/srv/my wheels", "file:///srv/wheels", "~/wheels"],
    "allow_source_builds": False,
    "allow_url_requirements": False,
    "envs_dir": "~/my envs",
    "package_cache": "/var/cache/tfenv",
    "package_cache_limit": "20 GB",
    "max_environments": 5,
    "max_bytes": "50 GB",
    "undo_minutes": 0,
    "max_running_jobs": 1,
    "protected_environments": ["k1", "/srv/my envs/k2", "~/k3"],
    "kernel_display_name": "{name} {0} {version:>8} {conda_kernel}",
    "kernel_filter": r"(?i)/scratch/|\btmp$",
    "kernel_variables_excluded": ["API_KEY", "*_TOKEN", "AWS_?*"],
    "check_after_change": False,
    "spare_worker": False,
    "offline": True,
    "clusters": {"gpu": "tls://10.0.0.1:8786", "test.2-a": "tcp://127.0.0.1:8786"},
}
_CHANNELS = [
    (3, "list"),
    (None, "list"),
    ({"conda-forge"}, "list"),
    ([1], "item 1 is not a string"),
    (["a", ""], "item 2 is empty"),
    ([" a"], "space"),
    (["conda-forge, bioconda"], "comma"),
    (["https:///conda-forge"], "host"),
    (["https://example.org:port/c"], "port"),
    (["https://a.org/c https://b.org/c"], "space"),
]
_FOLDERS = [
    (3, "string"),
    (["/srv"], "string"),
    ("envs", "relative"),
    ("./envs", "relative"),
    ("~nobody-of-that-name/x", "home"),
    ("FILE", "not a directory"),
    ("FILE/below", "not a directory"),
    ("/srv/\0", "not a path"),
]
#: Invalid values of each trait, each with a part of its message.
BAD: dict[str, list[tuple[Any, str]]] = {
    "channels": _CHANNELS,
    "allowed_channels": _CHANNELS,
    "python_index": [
        (3, "must be a string"),
        (["https://a.org"], "must be a string"),
        ("pypi", "neither a URL nor an absolute path"),
        ("./wheels", "relative"),
        ("https:///simple", "host"),
        ("https://a.org:port/simple", "port"),
        ("https://a.org/simple https://b.org/simple", "not a single URL"),
        (" https://a.org/simple", "space"),
        ("git+https://a.org/simple", "does not begin with"),
    ],
    "allowed_indexes": [
        (3, "list"),
        ([1], "item 1 is not a string"),
        (["https://a.org/simple", ""], "item 2 is empty"),
        (["pypi"], "neither a URL nor an absolute path"),
        (["https://a.org/simple,https://b.org/simple"], "not a single URL"),
        (["https://a.org/simple https://b.org/simple"], "not a single URL"),
        (["ftp://a.org/simple"], "does not begin with"),
        (["wheels/new"], "relative"),
    ],
    "allow_source_builds": [("no", "True or False"), (2, "True or False"), (None, "True or False")],
    "allow_url_requirements": [("no", "True or False"), (2, "True or False"), (None, "True or False")],
    "envs_dir": _FOLDERS,
    "package_cache": _FOLDERS,
    "package_cache_limit": [
        (-1, "a number of bytes of at least 0"),
        ("20 GiB", "'20 GiB'"),
        (1.5, "1.5"),
        (True, "True"),
        (None, "None"),
        ("", "''"),
    ],
    "max_environments": [(-1, "at least 0, not -1"), ("five", "'five'"), (1.5, "1.5"), (None, "None")],
    "max_bytes": [(-1, "a number of bytes of at least 0"), ("50 GiB", "'50 GiB'"), (True, "True"), (None, "None")],
    "undo_minutes": [
        (-1, "at least 0 and at most 1440, not -1"),
        (1441, "at most 1440"),
        ("10 min", "10 min"),
        (None, "None"),
    ],
    "max_running_jobs": [(0, "at least 1, not 0"), (-1, "-1"), ("two", "'two'"), (1.5, "1.5"), (None, "None")],
    "protected_environments": [
        ({"k1"}, "list"),
        ("k1, k2", "not a single name"),
        (["k1 k2"], "not a single name"),
        ([1], "item 1 is not a string"),
        (["k1", " "], "item 2 is empty"),
        (["k1 "], "space"),
        (["envs/k1"], "relative"),
        (["k1/"], "relative"),
        (["~nobody-of-that-name/k1"], "home"),
    ],
    "kernel_display_name": [
        ("{foo}", "{foo}"),
        ("{name", "{name"),
        ("{name.foo}", "{name.foo}"),
        ("{2}", "{2}"),
        ("{version:d}", "{version:d}"),
        ("{version:>99999999999}", "99999999999"),
        (" ", "must be"),
        (3, "string"),
    ],
    "kernel_filter": [
        ("(", "not a regular expression"),
        (r"a**", "not a regular expression"),
        (3, "string"),
        (None, "string"),
    ],
    "kernel_variables_excluded": [
        ({"A"}, "list"),
        ([1], "item 1 is not a string"),
        (["A", ""], "item 2 is empty"),
        (["A, B"], "not a name"),
        (["A=1"], "not a name"),
        (["A.*"], "not a name"),
        (["[A-Z]*"], "not a name"),
    ],
    "check_after_change": [("maybe", "True or False"), (2, "True or False")],
    "spare_worker": [("maybe", "True or False"), (2, "True or False")],
    "clusters": [
        ("tls://10.0.0.1:8786", "dictionary"),
        (["tls://10.0.0.1:8786"], "dictionary"),
        (None, "dictionary"),
        ({"gpu": 8786}, "is not a string"),
        ({"gpu": "10.0.0.1:8786"}, "is not one such as"),
        ({"a b": "tls://10.0.0.1:8786"}, "'a b'"),
        ({"../x": "tls://10.0.0.1:8786"}, "'../x'"),
        ({"": "tls://10.0.0.1:8786"}, "''"),
    ],
    "offline": [("true", "True or False"), (2, "True or False"), (None, "True or False")],
}
#: Values of each trait that are invalid on the command line.
BAD_ARGUMENTS: dict[str, list[str]] = {
    "channels": ["", "https:///c", "[1]"],
    "allowed_channels": ["", "a,b"],
    "python_index": ["pypi", "https:///simple"],
    "allowed_indexes": ["", "pypi"],
    "allow_source_builds": ["maybe", ""],
    "allow_url_requirements": ["maybe", ""],
    "envs_dir": ["envs", "FILE"],
    "package_cache": ["~nobody-of-that-name/x"],
    "package_cache_limit": ["many", "-1", ""],
    "max_environments": ["five", "-1", ""],
    "max_bytes": ["many", "-1", ""],
    "undo_minutes": ["ten", "-1", "1441", ""],
    "max_running_jobs": ["two", "0", ""],
    "protected_environments": ["envs/k1", ""],
    "kernel_display_name": ["{foo}"],
    "kernel_filter": ["(", "[a-"],
    "kernel_variables_excluded": ["", "A,B", "${A}"],
    "check_after_change": ["maybe"],
    "spare_worker": ["maybe"],
    "clusters": ["tls://10.0.0.1:8786", "", "{'gpu': 1}"],
    "offline": ["maybe", ""],
}


def cases(table: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(name, case, id=f"{name}-{i}") for name in TRAITS for i, case in enumerate(table[name])]


class Linked:
    """Extension that is linked like in Jupyter: it gets its server's configuration files and command line."""

    def __init__(self, *arguments: str) -> None:
        self.server = ServerApp()
        JupyterApp.initialize(self.server, list(arguments))
        self.lab = TfenvExtension()
        self.lab._link_jupyter_server_extension(self.server)
        self.refusal = self.lab.misconfigured()

    def value(self, name: str) -> Any:
        return getattr(self.lab, name)


@pytest.fixture
def folder(clean_home: Path) -> Path:
    """Return the directory of this user's Jupyter configuration files."""
    found = clean_home / ".jupyter"
    found.mkdir()
    return found


Configure = Callable[..., Path]


@pytest.fixture
def configure(folder: Path, tmp_path: Path) -> Configure:
    """Return a function that writes a configuration file; ``FILE`` in its text becomes the path of a file."""
    (tmp_path / "a file").write_text("")

    def write(text: str, name: str = "jupyter_server_config.py") -> Path:
        (folder / name).write_text(text.replace("FILE", str(tmp_path / "a file")))
        return folder / name

    return write


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Restore the logging setup that an application changes."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def check_fault(linked: Linked, name: str, said: str = "") -> None:
    """Assert that the trait is named, and that it is ignored or the extension refuses to serve."""
    default = TfenvLab.class_traits()[name].default()
    assert linked.value(name) == default
    if name in HARMLESS:
        assert linked.refusal is None
        [text] = linked.lab.warnings
        assert text.endswith(f"{default!r} is used instead.")
    else:
        assert linked.refusal is not None
        assert (linked.refusal.status, linked.refusal.reason) == (503, "misconfigured")
        text = linked.refusal.message
    assert text.startswith(f"TfenvLab.{name} ")
    assert said in text


def test_every_trait_has_its_cases() -> None:
    assert TRAITS == sorted(GOOD) == sorted(BAD) == sorted(BAD_ARGUMENTS)


@pytest.mark.parametrize("name", TRAITS)
def test_a_good_value_is_in_force(name: str, configure: Configure) -> None:
    configure(f"c.TfenvLab.{name} = {GOOD[name]!r}")
    linked = Linked()
    assert (linked.value(name), linked.lab.faults, linked.refusal) == (GOOD[name], [], None)


@pytest.mark.parametrize("name", TRAITS)
def test_a_default_causes_no_warning(name: str, configure: Configure) -> None:
    configure(f"c.TfenvLab.{name} = {TfenvLab.class_traits()[name].default()!r}")
    assert Linked().lab.faults == []


@pytest.mark.parametrize("file", ["jupyter_server_config.py", "jupyter_tfenv_lab_config.py", "jupyter_config.py"])
@pytest.mark.parametrize(("name", "case"), cases(BAD))
def test_a_bad_value_in_a_file(name: str, case: tuple[Any, str], file: str, configure: Configure) -> None:
    configure(f"c.TfenvLab.{name} = {case[0]!r}", file)
    check_fault(Linked(), name, case[1])


@pytest.mark.parametrize(("name", "case"), cases(BAD_ARGUMENTS))
def test_a_bad_value_on_the_command_line(name: str, case: str, configure: Configure, tmp_path: Path) -> None:
    configure("")
    check_fault(Linked(f"--TfenvLab.{name}={case.replace('FILE', str(tmp_path / 'a file'))}"), name)


_CHANNEL, _OTHER = "https://repo.example.org/c", "file:///srv/my channel"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([_CHANNEL], [_CHANNEL]),
        ([_CHANNEL, _OTHER], [_CHANNEL, _OTHER]),
        ([f"['{_CHANNEL}', '{_OTHER}']"], [_CHANNEL, _OTHER]),
        ([f' ["{_CHANNEL}"]'], [_CHANNEL]),
        ([f"('{_CHANNEL}', '{_OTHER}')"], [_CHANNEL, _OTHER]),
        ([f"['{_CHANNEL}']", _OTHER], [_CHANNEL, _OTHER]),
        (["[]"], []),
    ],
)
def test_a_list_on_the_command_line(values: list[str], expected: list[str], folder: Path) -> None:
    options = [f"--TfenvLab.channels={value}" for value in values]
    linked = Linked(*options)
    assert (linked.lab.channels, linked.lab.faults) == (expected, [])
    # The command knows the class of the options, so traitlets reads them in another way.
    command = command_class("list")()
    command.initialize(options)
    assert TfenvLab(config=command.config).channels == expected


@pytest.mark.parametrize("value", ["['a'", "[a]", "[1, 'a']", "('a')", "[['a']]"])
def test_a_list_on_the_command_line_that_is_none(value: str, folder: Path) -> None:
    check_fault(Linked(f"--TfenvLab.protected_environments={value}"), "protected_environments")


@pytest.mark.parametrize("name", sorted({*HARMLESS, "offline", "envs_dir"}))
def test_two_values_for_a_single_value_on_the_command_line(name: str, folder: Path) -> None:
    check_fault(Linked(f"--TfenvLab.{name}=1", f"--TfenvLab.{name}=2"), name, "only accepts one value")


@pytest.mark.parametrize("name", TRAITS)
def test_a_bad_value_in_a_json_file(name: str, configure: Configure) -> None:
    configure(json.dumps({"TfenvLab": {name: {"a": 1}}}), "jupyter_server_config.json")
    check_fault(Linked(), name)


@pytest.mark.parametrize("name", TRAITS)
def test_every_other_value_stays_in_force(name: str, configure: Configure) -> None:
    lines = {other: f"c.TfenvLab.{other} = {GOOD[other]!r}" for other in TRAITS}
    lines[name] = f"c.TfenvLab.{name} = {BAD[name][0][0]!r}"
    configure("\n".join(lines.values()))
    linked = Linked()
    assert {other: linked.value(other) for other in TRAITS if other != name} == {
        other: GOOD[other] for other in TRAITS if other != name
    }
    assert len(linked.lab.faults) == 1


@pytest.mark.parametrize("name", [name for name in TRAITS if isinstance(GOOD[name], list)])
def test_a_single_string_is_a_list_with_one_item(name: str, configure: Configure) -> None:
    first, second = GOOD[name][0], GOOD[name][1] if name == "kernel_variables_excluded" else "/srv/k2"
    configure(f"c.TfenvLab.{name} = {first!r}")
    linked = Linked()
    assert (linked.value(name), linked.lab.faults) == ([first], [])
    assert Linked(f"--TfenvLab.{name}={first}", f"--TfenvLab.{name}={second}").value(name) == [first, second]


def test_all_of_several_bad_values_are_named(configure: Configure) -> None:
    configure("\n".join(f"c.TfenvLab.{name} = {BAD[name][0][0]!r}" for name in TRAITS))
    refusal = Linked().refusal
    assert refusal is not None
    assert [name for name in TRAITS if f"TfenvLab.{name} " not in refusal.message] == []


@pytest.mark.parametrize(("name", "bad"), [("offline", "maybe"), ("max_running_jobs", 0)])
def test_a_valid_value_overrides_an_invalid_one(name: str, bad: Any, configure: Configure) -> None:
    configure(f"c.TfenvLab.{name} = {bad!r}")
    linked = Linked(f"--TfenvLab.{name}=1")
    assert (linked.value(name), linked.lab.faults) == (1, [])


def test_an_invalid_value_leaves_the_valid_one_that_it_would_override(configure: Configure) -> None:
    configure("c.TfenvLab.max_running_jobs = 5", "jupyter_tfenv_lab_config.py")
    linked = Linked("--TfenvLab.max_running_jobs=0")
    assert linked.value("max_running_jobs") == 5
    assert linked.lab.warnings[0].endswith("5 is used instead.")


def test_no_message_quotes_a_password(configure: Configure) -> None:
    configure('c.TfenvLab.channels = "https://me:secret@example.org/c d"\n')
    configure('c.TfenvLab.allowed_channels = ["https://me:secret@example.org:x/c"]\n', "jupyter_tfenv_lab_config.py")
    configure('c.TfenvLab.python_index = ["https://me:secret@example.org/c"]\n', "jupyter_notebook_config.py")
    configure('{"TfenvLab": {"allowed_indexes": ["https://me:secret@example.org:x/c"]}}', "jupyter_config.json")
    faults = Linked("--TfenvLab.python_index=https://me:secret@example.org/c d").lab.faults
    assert len(faults) == 4
    assert "secret" not in str(faults)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('protected_environments.append("k1")', None),
        ('protected_environments.add("k1")', "append()"),
        ('protected_environments.append("envs/k1")', "relative"),
        ("protected_environments.append(1)", "item 1 is not a string"),
        ("offline.append(True)", "set it with ="),
    ],
)
def test_a_change_to_a_default(line: str, said: str | None, configure: Configure) -> None:
    configure(f"c.TfenvLab.{line}")
    linked = Linked()
    if said is None:
        assert (linked.lab.protected_environments, linked.lab.faults) == (["k1"], [])
    else:
        assert said in linked.lab.faults[0].message
        assert linked.refusal is not None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            'TfenvLab.protected_enviroments = ["k1"]',
            Fault("TfenvLab.protected_enviroments is not a setting; did you mean protected_environments?", True),
        ),
        ("TfenvLab.ofline = True", Fault("TfenvLab.ofline is not a setting; did you mean offline?", True)),
        (
            'TfenvLab.protected = ["k1"]',
            Fault("TfenvLab.protected is not a setting; did you mean protected_environments?", True),
        ),
        (
            'TfenvLab.environment_protected = ["k1"]',
            Fault("TfenvLab.environment_protected is not a setting; did you mean protected_environments?", True),
        ),
        ('TfLab.channels = ["a"]', Fault("TfLab is not a section of the configuration; did you mean", True)),
        (
            "TfenvLab.max_runing_jobs = 3",
            Fault("TfenvLab.max_runing_jobs is not a setting; did you mean max_running_jobs?", False),
        ),
        ("TfenvLab.colour = 3", Fault("TfenvLab.colour is not a setting.", False)),
        ('tfenv_lab.channels = ["a"]', Fault("tfenv_lab is not a section of the configuration; did you mean", True)),
        ('TfEnvLab.channels = ["a"]', Fault("TfEnvLab is not a section of the configuration; did you mean", True)),
    ],
)
def test_a_misspelled_name(line: str, fault: Fault, configure: Configure) -> None:
    configure(f"c.{line}")
    linked = Linked()
    [found] = linked.lab.faults
    assert found.message.startswith(fault.message)
    assert found.refuses == fault.refuses == (linked.refusal is not None)
    assert linked.lab.warnings == ([] if fault.refuses else [fault.message])


def test_settings_of_other_classes_are_ignored(configure: Configure) -> None:
    configure("c.JupyterApp.colour = 3\nc.Terminals.x = 1\nc.TfenvCommand.json = True\nc.TfenvLab.open_browser = False")
    assert Linked().lab.faults == []


def test_a_bad_value_of_an_inherited_trait_leaves_the_others_in_force(configure: Configure) -> None:
    configure('c.TfenvLab.settings = 3\nc.TfenvLab.protected_environments = ["k1"]')
    linked = Linked()
    assert linked.lab.protected_environments == ["k1"]
    assert "TfenvLab.settings must be" in linked.lab.faults[0].message


FILES = [
    ("jupyter_server_config.py", "c.TfenvLab.offline = True\nc.(", "SyntaxError"),
    ("jupyter_server_config.py", "c.TfenvLab.offline = True\nnowhere", "NameError"),
    ("jupyter_server_config.py", "c.TfenvLab = {'offline': True}", "ValueError"),
    ("jupyter_server_config.json", "{", "JSONDecodeError"),
    ("jupyter_server_config.json", "[1]", "Error"),
    ("jupyter_tfenv_lab_config.py", "import nowhere", "ModuleNotFoundError"),
    ("jupyter_tfenv_lab_config.json", '{"TfenvLab": }', "JSONDecodeError"),
    ("jupyter_config.py", "1 / 0", "ZeroDivisionError"),
]


@pytest.mark.parametrize(("name", "text", "error"), FILES)
def test_a_file_that_fails(name: str, text: str, error: str, configure: Configure) -> None:
    file = configure(text, name)
    refusal = Linked().refusal
    assert refusal is not None
    assert f"The configuration file {file} cannot be read: " in refusal.message
    assert error in refusal.message


@pytest.mark.parametrize("text", ["", "# c.TfenvLab.offline = True\n"])
def test_an_empty_file_is_read(text: str, configure: Configure) -> None:
    for name in ("jupyter_server_config.py", "jupyter_tfenv_lab_config.py", "jupyter_config.py"):
        configure(text, name)
    configure("{}", "jupyter_server_config.json")
    assert Linked().refusal is None


def test_a_file_that_was_read_is_not_run_again(configure: Configure, tmp_path: Path) -> None:
    count = tmp_path / "count"
    for name in ("jupyter_server_config.py", "jupyter_config.py"):
        configure(f"with open({str(count)!r}, 'a') as f:\n    f.write('{name[8]}')\nc.TfenvLab.offline = True", name)
    assert Linked().refusal is None
    # Both the server and the extension read Jupyter's common file.
    assert sorted(count.read_text()) == ["c", "c", "s"]


def test_a_file_that_the_command_line_names(configure: Configure, tmp_path: Path) -> None:
    configure("nowhere", "jupyter_server_config.py")
    good = configure("c.TfenvLab.offline = True", "mine.py")
    # This file replaces the other one, which is not read.
    linked = Linked(f"--config={good}")
    assert (linked.lab.offline, linked.refusal) == (True, None)
    for bad, said in ((configure("nowhere", "bad.py"), "NameError"), (tmp_path / "none.py", "does not exist")):
        refusal = Linked(f"--config={bad}").refusal
        assert refusal is not None
        assert str(bad) in refusal.message
        assert said in refusal.message


def test_a_file_of_the_application_that_was_started(configure: Configure) -> None:
    from jupyter_server.extension.application import ExtensionApp

    class Started(ExtensionApp):
        name = "started"

    configure("nowhere", "jupyter_started_config.py")
    linked = Linked()
    assert linked.refusal is None
    linked.server._starter_app = Started()
    linked.server._starter_app._link_jupyter_server_extension(linked.server)
    assert "jupyter_started_config.py" in str(linked.lab.misconfigured())


# The tests below run the command line program.


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Return the exit status, standard output and standard error of ``jupyter tfenv``."""
    app = TfenvApp()
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        app.initialize(list(arguments))
        app.start()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize("name", TRAITS)
def test_the_command_reads_a_bad_value_in_a_file(
    name: str, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(f"c.TfenvLab.{name} = {BAD[name][0][0]!r}")
    check_command(name, *command(capsys, "list"))


@pytest.mark.parametrize("name", TRAITS)
def test_the_command_is_given_a_bad_value(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_command(name, *command(capsys, "list", f"--TfenvLab.{name}={BAD_ARGUMENTS[name][0]}"))


def check_command(name: str, status: int, out: str, err: str) -> None:
    # The command never starts automatic checks, so their setting does not matter.
    assert err.startswith(f"TfenvLab.{name} ") or name == "check_after_change"
    assert "Traceback" not in err
    assert (status, out == "") == ((0, False) if name in HARMLESS else (2, True))


def test_a_refusal_is_json_if_json_is_requested(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = command(capsys, "list", "--json", "--TfenvLab.offline=maybe")
    assert (status, json.loads(out)["reason"]) == (2, "misconfigured")


@pytest.mark.parametrize(("name", "text", "error"), FILES)
def test_the_command_refuses_a_file_that_fails(
    name: str, text: str, error: str, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    file = configure(text, name)
    status, out, err = command(capsys, "list")
    assert (status, out) == (2, "")
    assert f"The configuration file {file} cannot be read" in err


def test_the_command_works_without_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(capsys, "list")[0] == 0
    status, _, err = command(capsys, "list", f"--config={folder / 'none.py'}")
    assert (status, "does not exist" in err) == (2, True)
