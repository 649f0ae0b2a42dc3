"""Base class of the commands: configuration, arguments, output and exit status."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jupyter_core.application import JupyterApp
from traitlets import Bool, Enum, Float, Int, List, TraitError, TraitType
from traitlets.config.loader import DeferredConfigString

from .._version import __version__
from ..configuration import refusal, unread
from ..errors import Alternative, ErrorJson, InvalidRequest, NotFound, TfenvError
from ..sentences import duration, megabytes
from ..services import Services
from ..settings import TfenvLab

if TYPE_CHECKING:
    from ..environments.models import Environment
    from ..jobs.models import Job
    from ..plan_requests import Source

#: Exit status by the ``reason`` of the error; any other reason gives 1. README.md lists them.
EXIT = {
    "invalid-request": 2,
    "invalid-name": 2,
    "invalid-spec": 2,
    "misconfigured": 2,
    "not-found": 3,
    "protected": 4,
    "channel-not-allowed": 4,
    "index-not-allowed": 4,
    "unusable-directory": 4,
    "cluster-not-allowed": 4,
    "cluster-mismatch": 5,
    "cluster-busy": 5,
    "prefix-exists": 5,
    "prefix-busy": 5,
    "stale-plan": 5,
    "unsatisfiable": 6,
    "build-needed": 6,
    "build-failed": 6,
    "channel-unreachable": 7,
    "index-unreachable": 7,
    "cluster-unreachable": 7,
    "hash-mismatch": 7,
    "no-space": 8,
    "limit-reached": 8,
    "too-many-files": 8,
}
#: Names of the configuration files that a server reads, besides ``jupyter_config``. Which application a user starts the
#: server with is not known here, and a protection that one of their files sets must hold in a terminal too.
_CONFIG = (
    "jupyter_server_config",
    "jupyter_notebook_config",
    "jupyter_lab_config",
    "jupyter_tfenv_lab_config",
)
#: The options that traitlets itself reads.
_HELP = ("h", "help", "help-all", "version", "V")
#: Exit status of a check that found problems.
PROBLEMS = 9
#: Exit status of a rollout if some workers did not get the environment.
SOME_FAILED = 10
#: Seconds between two looks at a running job.
_TICK = 0.2


class TfenvCommand(JupyterApp):
    """Base class of the commands, with their configuration, services, output and exit status."""

    version = __version__
    classes = [TfenvLab]
    json = Bool(False, help="Write JSON, as in the REST interface.").tag(config=True)
    flags = {**JupyterApp.flags, "json": ({"TfenvCommand": {"json": True}}, json.help)}
    #: Minimum and maximum number of arguments (None: no maximum).
    least: int = 0
    most: int | None = 0
    usage = ""
    #: What a user reads who interrupts a command that changes something.
    interrupted = "You interrupted the command. An environment whose change was not finished is as it was before."
    #: The services that a command needs which only reads; none: it may need all, because it changes something.
    needs: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Set the description of a command from its docstring and usage."""
        super().__init_subclass__(**kwargs)
        cls.description = f"{cls.__doc__}\n\nUsage: jupyter tfenv {cls.usage}"

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Accept options and arguments in any order; traitlets needs all arguments together."""
        options, arguments = [], []
        given = sys.argv[1:] if argv is None else argv
        # An error in the options is written as the user wants it.
        self.json = "--json" in given
        rest = iter(given)
        for text in rest:
            if text == "-" or not text.startswith("-"):
                arguments.append(text)
                continue
            options.append(text)
            name, equals, value = text.lstrip("-").partition("=")
            self._require_option(text, name)
            if name not in self.aliases and "." not in name:
                if equals:
                    self._refuse(f"--{name} takes no value.", f"Write only --{name}.")
                continue
            if not equals:
                following = next(rest, None)
                if following is None:
                    self._refuse(f"--{name} needs a value.", f"Write it as --{name}=VALUE.")
                    return
                options.append(value := following)
            self._require_value(name, value)
        super().parse_command_line([*options, *arguments])

    def _refuse(self, message: str, hint: str) -> None:
        self.exit(self.fail(InvalidRequest(message, hint=hint).to_json()))

    def _require_value(self, name: str, text: str) -> None:
        """Exit if this command does not accept the value of an option; traitlets would write a line of its log."""
        alias = self.aliases.get(name, name)
        owner, _, trait_name = (alias if isinstance(alias, str) else alias[0]).rpartition(".")
        trait = self.traits().get(trait_name)
        # A list accepts every text, and the settings of other classes are read by their own rules.
        if trait is None or isinstance(trait, List) or owner not in {one.__name__ for one in type(self).__mro__}:
            return
        try:
            setattr(self, trait_name, DeferredConfigString(text).get_value(trait))
        except TraitError:
            self._refuse(f"“{text}” is not a value of --{name}.", f"Give {_expected(trait)}.")

    def _require_option(self, text: str, name: str) -> None:
        """Exit if an option is unknown; traitlets would ignore it and run the command."""
        known = [*self.aliases, *self.flags, *_HELP]
        # traitlets itself checks the options that name a class and a trait.
        if name in known or "." in name:
            return
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean --{near[0]}?" if near else "Add --help for the options of this command."
        self._refuse(f"“{text.partition('=')[0]}” is not an option.", hint)

    def load_config_file(self, suppress_errors: bool = True) -> None:  # type: ignore[override]
        """Read the server's configuration files, so that both work on the same environments."""
        for name in _CONFIG:
            self.config_file_name = name
            super().load_config_file(suppress_errors)

    def start(self) -> None:
        """Run the command and exit."""
        super().start()
        try:
            status = asyncio.run(self._main())
        except KeyboardInterrupt:
            print("You interrupted the command." if self.needs else self.interrupted, file=sys.stderr)
            status = 130
        self.exit(status)

    async def _main(self) -> int:
        app = TfenvLab(config=self.config, check_after_change=False)
        names = () if self.config_file else _CONFIG
        refused = refusal([*app.faults, *unread(self, ("jupyter_config", *names), self.config_file)])
        if refused is not None:
            return self.fail(refused.to_json())
        for message in app.warnings:
            print(message, file=sys.stderr)
        from ..disk import faults
        from ..kernels.other_servers import OtherServers

        services = await asyncio.to_thread(Services, app, sessions=OtherServers(), only=self.needs)
        try:
            given = len(self.extra_args)
            if given < self.least or (self.most is not None and given > self.most):
                raise InvalidRequest(f"Usage: jupyter tfenv {self.usage}")
            if not self.needs:
                # There may be no server that does this.
                await services.jobs.deletions.collect()
            return await self.run(services, self.extra_args)
        except TfenvError as error:
            return self.fail(error.to_json())
        except OSError as error:
            known = faults.translated(error)
            if known is None:
                raise
            return self.fail(known.to_json())
        finally:
            await services.stop()

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        """Do the work and return the exit status."""
        raise NotImplementedError

    def write(self, body: dict[str, Any], text: str) -> None:
        """Write a result: ``body`` with ``--json``, otherwise ``text``."""
        print(json.dumps(body, indent=2) if self.json else text)

    def fail(self, error: ErrorJson) -> int:
        """Write an error and return its exit status."""
        if self.json:
            print(json.dumps(error, indent=2))
        else:
            lines = [error["message"], error["hint"], error["details"]]
            lines += map(_option, error.get("alternatives", ()))
            print("\n".join(filter(None, lines)), file=sys.stderr)
        return EXIT.get(error["reason"], 1)

    async def find(self, services: Services, name: str) -> Environment:
        """Return an environment by name, path or id. Raises NotFound, or InvalidRequest for an ambiguous name."""
        from ..disk.paths import as_written

        known = await services.environments.list()
        path = str(as_written(name).absolute())
        found = [one for one in known if name == one.id or path == one.prefix] or [e for e in known if e.name == name]
        if not found:
            raise NotFound(f"There is no environment called “{name}”.")
        if len(found) > 1:
            paths = ", ".join(environment.prefix for environment in found)
            raise InvalidRequest(f"Several environments are called “{name}”.", hint=f"Give one of the paths: {paths}")
        return found[0]

    async def finished(self, services: Services, job: Job) -> Job:
        """Wait until a job ends, with a line of progress on a terminal, and return the job."""
        from ..jobs.models import FINISHED

        shown = sys.stderr.isatty() and not self.json
        told = None
        try:
            while (job := await services.jobs.get(job.id)).state not in FINISHED:
                if shown:
                    percent = f"{job.progress.fraction:4.0%}" if job.progress.fraction and not job.waiting_for else ""
                    print(f"\r\x1b[K{job.message} {percent}{_speed(job)}", end="", file=sys.stderr, flush=True)
                elif job.waiting_for not in (None, told):
                    print(f"{job.message}.", file=sys.stderr, flush=True)
                told = job.waiting_for
                await services.jobs.running.finishing(job.id, _TICK)
        finally:
            # Also if the user interrupts the command.
            if shown:
                print("\r\x1b[K", end="", file=sys.stderr)
        return job

    async def follow(self, services: Services, job: Job) -> int:
        """Wait until a job ends, report its result, and return the exit status."""
        job = await self.finished(services, job)
        # The command also waits until the replaced tree is deleted, and names what did not work as usual.
        job = await services.jobs.ended(job.id)
        limiting = await services.jobs.limit_cache() if job.state == "succeeded" and job.kind != "clean" else None
        if limiting is not None:
            await self.finished(services, limiting)
        for leftover in services.jobs.leftovers:
            print(leftover.describe(), file=sys.stderr)
        for warning in job.warnings:
            print(warning.message, file=sys.stderr)
        if job.error is not None and not self.json:
            return self.fail(job.error)
        self.write(job.to_json(), f"{job.message}: {job.prefix}")
        return 0 if job.state == "succeeded" else EXIT.get(job.error["reason"] if job.error else "", 1)


def _expected(trait: TraitType[Any, Any]) -> str:
    """Return what the value of an option must be."""
    if isinstance(trait, Enum):
        *words, last = [value for value in trait.values or () if isinstance(value, str)]
        return f"{', '.join(words)} or {last}"
    kinds = {Bool: "true or false", Int: "a whole number", Float: "a number"}
    return next((text for kind, text in kinds.items() if isinstance(trait, kind)), trait.info())


def _speed(job: Job) -> str:
    """Return the speed of a download and the time left, as “ · 3.2 MB/s · 40 s left”, as far as they are known."""
    speed, left = job.progress.bytes_per_second, job.progress.seconds_left
    parts = [f"{megabytes(speed)}/s"] if speed is not None else []
    parts += [f"{duration(left)} left"] if left is not None else []
    return "".join(f" · {part}" for part in parts) if job.phase == "download" and not job.waiting_for else ""


def _option(alternative: Alternative) -> str:
    """Return an alternative as the options that request it."""
    request = alternative["plan_request"]
    choices = ("builds", "channels", "indexes")
    options = [f"--{key}={request[key]}" for key in choices if request.get(key) not in (None, *_USUAL)]
    replaced = [f"{old}={spec or ''}" for old, spec in request.get("replacements", {}).items()]
    options += [f"--replace={shlex.quote(text)}" for text in replaced]
    return f"{alternative['label']}: {' '.join(options)}"


#: Values of an import's options that need not be written.
_USUAL = ("exact", "file")


def from_source(text: str, source: Source) -> str:
    """Add the source to a version or a variant, if it is not from a channel."""
    return f"{text} (PyPI)" if source == "pypi" else text


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: “1 package”, “2 packages”. ``many`` is the plural if it has no plain “s”."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows as aligned columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows))
    return "\n".join(line.rstrip() for line in lines)
