"""The command ``jupyter tfenv`` and its subcommands."""

from __future__ import annotations

from typing import Any

from jupyter_core.application import JupyterApp

from .._version import __version__
from .changes import CloneApp, CreateApp, ImportApp, InstallApp, RemoveApp, RenameApp, RepairApp, RevertApp, UpdateApp
from .command import TfenvCommand
from .history import HistoryApp, NoteApp
from .kernels import HideApp, ShowApp
from .queries import CheckApp, DiffApp, ExportApp, ListApp, PackagesApp, VersionsApp, WhyApp
from .space import CleanApp, DiskApp
from .variables import VariablesApp


def _command(cls: type[TfenvCommand]) -> tuple[Any, str]:
    # A factory, because two applications cannot both be traitlets singletons.
    return lambda parent: cls(parent=parent), (cls.__doc__ or "").splitlines()[0]


class TfenvApp(JupyterApp):
    """Manage TensorFlow environments from the command line."""

    name = "jupyter-tfenv"
    version = __version__
    description = "Create, list, change, check, export and import TensorFlow environments."
    subcommands = {
        "list": _command(ListApp),
        "packages": _command(PackagesApp),
        "why": _command(WhyApp),
        "diff": _command(DiffApp),
        "versions": _command(VersionsApp),
        "create": _command(CreateApp),
        "install": _command(InstallApp),
        "update": _command(UpdateApp),
        "remove": _command(RemoveApp),
        "export": _command(ExportApp),
        "import": _command(ImportApp),
        "clone": _command(CloneApp),
        "rename": _command(RenameApp),
        "history": _command(HistoryApp),
        "note": _command(NoteApp),
        "revert": _command(RevertApp),
        "repair": _command(RepairApp),
        "variables": _command(VariablesApp),
        "check": _command(CheckApp),
        "disk": _command(DiskApp),
        "clean": _command(CleanApp),
        "hide": _command(HideApp),
        "show": _command(ShowApp),
    }

    def start(self) -> None:
        """Run the subcommand; without one, print the help."""
        super().start()
        self.print_help()
        self.exit(2)


main = TfenvApp.launch_instance
