"""Command line of the builder: ``python -m tfenv_lab.wheelchannel build`` prints the URL of the channel."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import TfenvError
from ..sentences import megabytes
from .request import DEFAULT_PACKAGES, DEFAULT_RELEASES, BuildProgress, BuildRequest


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
        line = f"{seconds}  {progress.phase}{count}: {progress.message or megabytes(progress.bytes, 0)}"
        if not self._live and not progress.message:
            return
        if self._live:
            same = progress.phase == self._phase and progress.phase != "interpreter"
            sys.stderr.write(
                ("\r\x1b[K" if same else "\n" if self._phase else "") + line[: shutil.get_terminal_size().columns - 1]
            )
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
        "--tensorflow",
        action="append",
        metavar="RELEASE",
        help=f"release to pack, as in 2.19 or 2.19.1; may be repeated (default: {' and '.join(DEFAULT_RELEASES)})",
    )
    command.add_argument(
        "--package",
        action="append",
        metavar="REQUIREMENT",
        help=f"additional package; may be repeated (default, with the default releases: {', '.join(DEFAULT_PACKAGES)})",
    )
    command.add_argument(
        "--python",
        type=Path,
        metavar="PATH",
        help="interpreter to pack (default: the first that has wheels of every release)",
    )
    command.add_argument(
        "directory", nargs="?", type=Path, metavar="DIR", help="directory of the channel (default: in the user's cache)"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    terminal = Terminal()
    try:
        try:
            from .build import build
        except ModuleNotFoundError as error:
            print(f"{error.name} is not installed. Run: pip install 'tfenv_lab[wheelchannel]'", file=sys.stderr)
            return 1
        request = BuildRequest(
            tuple(options.tensorflow or DEFAULT_RELEASES),
            tuple(options.package or (() if options.tensorflow else DEFAULT_PACKAGES)),
            options.python,
            options.directory,
        )
        directory = build(request, terminal)
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
