"""The command ``jupyter tfenv`` and its subcommands."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from jupyter_core.application import JupyterApp

from .._version import __version__
from .command import TfenvCommand

#: The module and the class of each command. Only those of the command in use are imported.
_COMMANDS = {
    "list": "queries.ListApp",
    "packages": "queries.PackagesApp",
    "why": "queries.WhyApp",
    "diff": "queries.DiffApp",
    "versions": "queries.VersionsApp",
    "create": "changes.CreateApp",
    "install": "changes.InstallApp",
    "update": "changes.UpdateApp",
    "remove": "changes.RemoveApp",
    "undelete": "changes.UndeleteApp",
    "export": "queries.ExportApp",
    "import": "changes.ImportApp",
    "apply": "nodes.ApplyApp",
    "verify": "nodes.VerifyApp",
    "publish": "nodes.PublishApp",
    "rollout": "rollout.RolloutApp",
    "clone": "changes.CloneApp",
    "rename": "changes.RenameApp",
    "history": "history.HistoryApp",
    "note": "history.NoteApp",
    "revert": "changes.RevertApp",
    "repair": "changes.RepairApp",
    "variables": "variables.VariablesApp",
    "check": "queries.CheckApp",
    "disk": "space.DiskApp",
    "clean": "space.CleanApp",
    "hide": "kernels.HideApp",
    "show": "kernels.ShowApp",
}


def commands() -> dict[str, type[TfenvCommand]]:
    """Return the commands by name. This imports all of them."""
    return {name: _class(name) for name in _COMMANDS}


def _class(name: str) -> type[TfenvCommand]:
    module, _, cls = _COMMANDS[name].partition(".")
    found: type[TfenvCommand] = getattr(import_module(f".{module}", __package__), cls)
    return found


def _command(name: str) -> tuple[Any, str]:
    # A factory, because two applications cannot both be traitlets singletons.
    return lambda parent: _class(name)(parent=parent), name


class TfenvApp(JupyterApp):
    """Manage TensorFlow environments from the command line."""

    name = "jupyter-tfenv"
    version = __version__
    description = "Create, list, change, check, export and import TensorFlow environments."
    subcommands = {name: _command(name) for name in _COMMANDS}

    def emit_subcommands_help(self) -> Any:
        """Yield the lines of the help about the commands: the first line of each one's docstring."""
        yield from ("Commands", "========", "")
        for name, cls in commands().items():
            yield f"{name}\n    {(cls.__doc__ or '').splitlines()[0]}"
        yield ""

    def start(self) -> None:
        """Run the subcommand; without one, print the help."""
        super().start()
        self.print_help()
        self.exit(2)


main = TfenvApp.launch_instance
