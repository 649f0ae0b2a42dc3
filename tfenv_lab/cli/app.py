"""The command ``jupyter tfenv`` and its subcommands."""

from __future__ import annotations

import os
import sys
from typing import Any

from jupyter_core.application import JupyterApp

from .._version import __version__
from .table import COMMANDS, WORDS, command_class, commands


def _command(name: str) -> tuple[Any, str]:
    # A factory, because two applications cannot both be traitlets singletons.
    return lambda parent: command_class(name)(parent=parent), name


class TfenvApp(JupyterApp):
    """Manage TensorFlow environments from the command line."""

    name = "jupyter-tfenv"
    version = __version__
    description = "Create, list, change, check, export and import TensorFlow environments."
    subcommands = {name: _command(name) for name in COMMANDS}

    def emit_subcommands_help(self) -> Any:
        """Yield the lines of the help about the commands: the first line of each one's docstring."""
        yield from ("Commands", "========", "")
        for name, cls in commands().items():
            yield f"{name}\n    {(cls.__doc__ or '').splitlines()[0]}"
        yield ""

    def start(self) -> None:
        """Run the subcommand; without one, print the help, and name an unknown one."""
        super().start()
        if self.extra_args:
            from difflib import get_close_matches

            wanted = self.extra_args[0]
            near = get_close_matches(wanted, COMMANDS, n=1, cutoff=0.5)
            guess = f"; did you mean {near[0]}?" if near else "."
            print(f"“{wanted}” is not a command{guess}\nSee jupyter tfenv --help.", file=sys.stderr)
        else:
            self.print_help()
        self.exit(2)


def main(argv: list[str] | None = None) -> None:
    """Run a command. It ends quietly if the reader of its output ends first, as in ``jupyter tfenv list | head -1``."""
    words = os.environ.get(WORDS)
    if words is not None:
        from .completion import candidates

        # An empty line would be a word.
        sys.stdout.writelines(f"{word}\n" for word in candidates(words.split("\n")))
        return
    try:
        try:
            TfenvApp.launch_instance(argv)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        # While the command was loaded. A command that runs says more.
        print("You interrupted the command before it began.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # Python flushes both again at its end, and would report the error.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        # As a shell reports a program that SIGPIPE ended.
        sys.exit(141)
