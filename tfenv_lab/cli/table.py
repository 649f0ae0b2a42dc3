"""The table of the commands: which module and class each has."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .command import TfenvCommand

#: The variable with the words to complete; if it is set, nothing else is done.
WORDS = "_JUPYTER_TFENV_WORDS"
#: The module and the class of each command. Only those of the command in use are imported.
COMMANDS = {
    "status": "status.StatusApp",
    "list": "queries.ListApp",
    "packages": "queries.PackagesApp",
    "why": "queries.WhyApp",
    "diff": "queries.DiffApp",
    "versions": "queries.VersionsApp",
    "search": "search.SearchApp",
    "create": "create.CreateApp",
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
    "train": "train.TrainApp",
    "clone": "changes.CloneApp",
    "overlay": "overlay.OverlayApp",
    "rename": "changes.RenameApp",
    "history": "history.HistoryApp",
    "note": "history.NoteApp",
    "revert": "changes.RevertApp",
    "repair": "changes.RepairApp",
    "variables": "variables.VariablesApp",
    "check": "check.CheckApp",
    "disk": "space.DiskApp",
    "clean": "space.CleanApp",
    "kernel": "kernels.KernelApp",
    "completion": "completion.CompletionApp",
    "hide": "kernels.HideApp",
    "show": "kernels.ShowApp",
}


def commands() -> dict[str, type[TfenvCommand]]:
    """Return the commands by name. This imports all of them."""
    return {name: command_class(name) for name in COMMANDS}


def command_class(name: str) -> type[TfenvCommand]:
    """Return the class of a command. This imports its module."""
    module, _, cls = COMMANDS[name].partition(".")
    found: type[TfenvCommand] = getattr(import_module(f".{module}", __package__), cls)
    return found
