"""Command line of the builder: ``python -m tfenv_lab.wheelchannel build`` prints the URL of the channel."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import JobFailed, TfenvError
from .availability import reason
from .request import BuildProgress, BuildRequest


class Terminal:
    """Writer of progress to standard error: one line for each phase on a terminal, otherwise one for each step."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._phase = ""
        self._live = sys.stderr.isatty()

    def __call__(self, progress: BuildProgress) -> None:
        """Show one step."""
        seconds = f"{time.monotonic() - self._start:4.0f} s"
        count = f" {progress.done}/{progress.total}" if progress.total else ""
        line = f"{seconds}  {progress.phase}{count}: {progress.message}"
        if self._live:
            start = "\r\x1b[K" if progress.phase == self._phase else "\n" if self._phase else ""
            sys.stderr.write(start + line[: shutil.get_terminal_size().columns - 1])
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()
        self._phase = progress.phase

    def end(self) -> None:
        """End the line that is being rewritten."""
        if self._live and self._phase:
            sys.stderr.write("\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tfenv_lab.wheelchannel", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="build")
    command = commands.add_parser("build", help="build a channel, or find the one that was already built")
    command.add_argument(
        "--python",
        action="append",
        type=Path,
        metavar="PATH",
        help="interpreter to pack; may be repeated (default: one of each minor version on this machine)",
    )
    # Options of the time when the channel also held TensorFlow.
    for former in ("--tensorflow", "--package"):
        command.add_argument(former, action="append", help=argparse.SUPPRESS)
    command.add_argument(
        "directory", nargs="?", type=Path, metavar="DIR", help="directory of the channel (default: in the user's cache)"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    terminal = Terminal()
    if options.tensorflow or options.package:
        ignored = "--tensorflow and --package have no effect: environments get these packages from the package index."
        print(ignored, file=sys.stderr)
    try:
        if why := reason():
            raise JobFailed(why)
        from .build import build

        directory = build(BuildRequest(tuple(options.python or ()), options.directory), terminal)
    except KeyboardInterrupt:
        terminal.end()
        print("Interrupted. The channel was not changed.", file=sys.stderr)
        return 130
    except TfenvError as error:
        terminal.end()
        print("\n".join(filter(None, (error.message, error.hint))), file=sys.stderr)
        if error.details and error.details != error.message:
            print(error.details.strip(), file=sys.stderr)
        return 1
    terminal.end()
    print(directory.as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main())
