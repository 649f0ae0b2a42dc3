"""The command ``jupyter tfenv`` and its subcommands."""

from __future__ import annotations

from typing import Any

from jupyter_core.application import JupyterApp

from .._version import __version__
from .changes import (
    CloneApp,
    CreateApp,
    ImportApp,
    InstallApp,
    RemoveApp,
    RenameApp,
    RepairApp,
    RevertApp,
    UndeleteApp,
    UpdateApp,
)
from .command import TfenvCommand
from .history import HistoryApp, NoteApp
from .kernels import HideApp, ShowApp
from .nodes import ApplyApp, PublishApp, VerifyApp
from .queries import CheckApp, DiffApp, ExportApp, ListApp, PackagesApp, VersionsApp, WhyApp
from .space import CleanApp, DiskApp
from .variables import VariablesApp

#: The commands by name.
COMMANDS: dict[str, type[TfenvCommand]] = {
    "list": ListApp,
    "packages": PackagesApp,
    "why": WhyApp,
    "diff": DiffApp,
    "versions": VersionsApp,
    "create": CreateApp,
    "install": InstallApp,
    "update": UpdateApp,
    "remove": RemoveApp,
    "undelete": UndeleteApp,
    "export": ExportApp,
    "import": ImportApp,
    "apply": ApplyApp,
    "verify": VerifyApp,
    "publish": PublishApp,
    "clone": CloneApp,
    "rename": RenameApp,
    "history": HistoryApp,
    "note": NoteApp,
    "revert": RevertApp,
    "repair": RepairApp,
    "variables": VariablesApp,
    "check": CheckApp,
    "disk": DiskApp,
    "clean": CleanApp,
    "hide": HideApp,
    "show": ShowApp,
}


def _command(cls: type[TfenvCommand]) -> tuple[Any, str]:
    # A factory, because two applications cannot both be traitlets singletons.
    return lambda parent: cls(parent=parent), (cls.__doc__ or "").splitlines()[0]


class TfenvApp(JupyterApp):
    """Manage TensorFlow environments from the command line."""

    name = "jupyter-tfenv"
    version = __version__
    description = "Create, list, change, check, export and import TensorFlow environments."
    subcommands = {name: _command(cls) for name, cls in COMMANDS.items()}

    def start(self) -> None:
        """Run the subcommand; without one, print the help."""
        super().start()
        self.print_help()
        self.exit(2)


main = TfenvApp.launch_instance
