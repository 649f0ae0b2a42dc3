"""The command itself, which names the others."""

from __future__ import annotations

from typing import Any

from jupyter_core.application import JupyterApp

from .._version import __version__
from .changes import CloneApp, CreateApp, ImportApp, RemoveApp, RenameApp, RevertApp, UpdateApp
from .command import TfenvCommand
from .reading import CheckApp, ExportApp, ListApp, VersionsApp


def _command(cls: type[TfenvCommand]) -> tuple[Any, str]:
    # A factory: the application of a subcommand is no singleton beside that of the command.
    return lambda parent: cls(parent=parent), (cls.__doc__ or "").splitlines()[0]


class TfenvApp(JupyterApp):
    """TensorFlow environments from the command line."""

    name = "jupyter-tfenv"
    version = __version__
    description = "TensorFlow environments: list, make, change, check, export and import them."
    subcommands = {
        "list": _command(ListApp),
        "versions": _command(VersionsApp),
        "create": _command(CreateApp),
        "update": _command(UpdateApp),
        "remove": _command(RemoveApp),
        "export": _command(ExportApp),
        "import": _command(ImportApp),
        "clone": _command(CloneApp),
        "rename": _command(RenameApp),
        "revert": _command(RevertApp),
        "check": _command(CheckApp),
    }

    def start(self) -> None:
        """Run the subcommand; without one, say which there are."""
        super().start()
        self.print_help()
        self.exit(2)


main = TfenvApp.launch_instance
