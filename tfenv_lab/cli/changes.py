"""Commands that change environments: each makes a plan, shows it and applies it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Enum, List, Unicode

from ..errors import InvalidRequest, NotFound
from ..sentences import megabytes
from ..services import Services
from .command import TfenvCommand, counted, from_source, table
from .history import revision_number
from .running_kernels import describe_kernel, shut_down

if TYPE_CHECKING:
    from ..plans.models import Plan


class ChangeApp(TfenvCommand):
    """A command that makes a plan, shows it and applies it."""

    dry_run = Bool(False, help="Show the plan, but do not apply it.").tag(config=True)
    shutdown_kernels = Bool(False, help="First shut down the running kernels of the environment.").tag(config=True)
    flags = {
        **TfenvCommand.flags,
        "dry-run": ({"ChangeApp": {"dry_run": True}}, dry_run.help),
        "shutdown-kernels": ({"ChangeApp": {"shutdown_kernels": True}}, shutdown_kernels.help),
    }

    #: A command that accepts ``--source-builds`` has ``BUILDS`` among its flags.
    source_builds = Bool(False, help="Build packages from source that have no wheel. This runs their code.").tag(
        config=True
    )

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        """Return the plan request as JSON."""
        raise NotImplementedError

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        request = await self.request(services, arguments)
        if not self.dry_run:
            services.jobs.running.expect()
        plan = await services.plans.create(request)
        if self.dry_run:
            self.write(plan.to_json(), describe(plan))
            return 0
        if not self.json:
            print(describe(plan))
        is_empty = (
            not plan.entries and not plan.forgets and not plan.rebuilds and not (plan.cleaning and plan.cleaning.items)
        )
        if is_empty and plan.kind in ("update", "revert", "repair", "clean"):
            if self.json:
                print(json.dumps(plan.to_json(), indent=2))
            return 0
        if not self.agreed("Apply this plan?", deletes=plan.kind == "clean"):
            return 1
        if request.get("environment") and not request.get("into") and plan.kind not in ("clone", "overlay"):
            environment = await services.environments.find(request["environment"])
            await shut_down(self, services, Path(environment.prefix), offers=plan.kind == "rename")
        return await self.follow(services, await services.jobs.apply(plan.id))

    def agreed(self, question: str, deletes: bool = False) -> bool:
        """Ask on a terminal, unless ``-y`` or ``--json`` is given.

        A script is never asked, but if the command ``deletes``, it must say ``-y``. Raises InvalidRequest.
        """
        can_ask = sys.stdin.isatty() and not self.json
        if self.answer_yes or not (can_ask or deletes):
            return True
        if not can_ask:
            raise InvalidRequest(
                "This command deletes files, and there is no terminal to ask for confirmation.",
                hint="Add -y to delete them without being asked.",
            )
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


#: Flags of the commands that can build packages from source.
BUILDS: dict[str, Any] = {
    **ChangeApp.flags,
    "source-builds": ({"ChangeApp": {"source_builds": True}}, ChangeApp.source_builds.help),
}


class InstallApp(ChangeApp):
    """Install packages: jupyter tfenv install tf219 pandas "pypi:keras-hub>=0.20"."""

    least, most, usage = 2, None, "install NAME SPEC… [--remove=PACKAGE …] [--into=NEW_NAME]"
    remove = List(Unicode(), help="Package to remove in the same plan; can be given several times.").tag(config=True)
    into = Unicode(None, allow_none=True, help="Change a copy with this name instead of the environment.").tag(
        config=True
    )
    aliases = {**ChangeApp.aliases, "into": "InstallApp.into", "remove": "InstallApp.remove"}
    flags = BUILDS

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        name, *specs = arguments
        environment = await self.find(services, name)
        return {
            "kind": "install",
            "environment": environment.id,
            "specs": specs,
            "remove": self.remove,
            "into": self.into,
            "source_builds": self.source_builds,
        }


class UpdateApp(ChangeApp):
    """Update the named packages to their newest versions, or all packages if none is named."""

    least, most, usage = 1, None, "update NAME [PACKAGE…] [--into=NEW_NAME]"
    into = Unicode(None, allow_none=True, help="Change a copy with this name instead of the environment.").tag(
        config=True
    )
    aliases = {**ChangeApp.aliases, "into": "UpdateApp.into"}
    flags = BUILDS

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        name, *packages = arguments
        environment = await self.find(services, name)
        return {
            "kind": "update",
            "environment": environment.id,
            "packages": packages or "all",
            "into": self.into,
            "source_builds": self.source_builds,
        }


class RemoveApp(ChangeApp):
    """Remove packages from an environment, or delete the environment if no package is named."""

    least, most, usage = 1, None, "remove NAME [PACKAGE…] [--now]"
    now = Bool(False, help="Delete an environment at once, so that undelete cannot restore it.").tag(config=True)
    flags = {**ChangeApp.flags, "now": ({"RemoveApp": {"now": True}}, now.help)}

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        name, *packages = arguments
        environment = await self.find(services, name)
        return {"kind": "remove", "environment": environment.id, "packages": packages}

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        if arguments[1:]:
            return await super().run(services, arguments)
        from ..space.service import size_of

        environment = await self.find(services, arguments[0])
        size = await asyncio.to_thread(size_of, Path(environment.prefix))
        freed = size.bytes - size.shared
        minutes = 0 if self.now else services.jobs.deletions.minutes
        later = f" in {minutes} minutes; until then, “jupyter tfenv undelete” restores it" if minutes else ""
        kernels = await services.kernels.sessions.running_in(Path(environment.prefix))
        if self.dry_run:
            used_by = [describe_kernel(kernel) for kernel in kernels]
            body = {"kind": "delete", "prefix": environment.prefix, "freed_bytes": freed, "used_by": used_by}
            text = f"Would delete {environment.prefix} and free {megabytes(freed)}{later}"
            self.write(body, "\n".join([text, *(f"  in use by {each}" for each in used_by)]))
            return 0
        if not self.agreed(
            f"Delete {environment.prefix} and everything in it? This frees {megabytes(freed)}{later}.", True
        ):
            return 1
        await shut_down(self, services, Path(environment.prefix), offers=True)
        return await self.follow(services, await services.jobs.deletions.begin(environment, at_once=self.now))


class UndeleteApp(TfenvCommand):
    """Restore an environment that was deleted a few minutes ago. Without a name, list those that can be restored."""

    most, usage = 2, "undelete [DELETED_NAME [NEW_NAME]]"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        found = [job for job in await services.jobs.deletions.pending() if job.to_json()["undo"]]
        if not arguments:
            rows = [(job.name, job.undo.until, job.prefix) for job in found if job.undo]
            text = table(("name", "until (UTC)", "path"), rows) if rows else "No deletion can be undone."
            self.write({"jobs": [job.to_json() for job in found]}, text)
            return 0
        from ..disk.paths import as_written

        path = str(as_written(arguments[0]).absolute())
        deletion = next((job for job in found if arguments[0] in (job.name, job.id) or path == job.prefix), None)
        if deletion is None:
            raise NotFound(f"No deletion of “{arguments[0]}” can be undone.")
        name = arguments[1] if arguments[1:] else None
        return await self.follow(services, await services.jobs.deletions.undo(deletion, name))


class ImportApp(ChangeApp):
    """Create an environment from a file (“-”: from standard input)."""

    least, most, usage = 2, 2, "import FILE NEW_NAME [--builds=versions] [--channels=allowed] [--replace=OLD=SPEC]"
    format = Unicode(None, allow_none=True, help="Format of the file. Default: recognized.").tag(config=True)
    environment = Unicode(None, allow_none=True, help="Environment of a pixi.lock. Default: default.").tag(config=True)
    categories = Unicode(
        None,
        allow_none=True,
        help="Categories of a conda-lock file, extras and groups of a Python project; by commas. Default: main.",
    ).tag(config=True)
    cuda = Unicode(None, allow_none=True, help="Assume that the driver supports this CUDA version.").tag(config=True)
    builds = Enum(("exact", "versions", "names"), "exact", help="How much of each spec counts.").tag(config=True)
    channels = Enum(
        ("file", "allowed", "all"),
        "file",
        help="What to do with channels that are not allowed: leave them out (“allowed”), or use them (“all”).",
    ).tag(config=True)
    indexes = Enum(
        ("file", "configured"),
        "file",
        help="With “configured”, packages that the file takes from other indexes come from the configured ones.",
    ).tag(config=True)
    replace = List(
        Unicode(),
        help="Solve SPEC instead of the package OLD of the file (OLD=SPEC), or leave it out (OLD=). Can be repeated.",
    ).tag(config=True)
    _choices = ("format", "cuda", "builds", "channels", "indexes")
    _parts = ("environment", "categories", "replace")
    aliases = {**ChangeApp.aliases, **{name: f"ImportApp.{name}" for name in (*_choices, *_parts)}}
    flags = BUILDS

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        file, name = arguments
        from ..conda.formats.encoding import decode

        try:
            read = sys.stdin.buffer.read if file == "-" else Path(file).read_bytes
            content = decode(await asyncio.to_thread(read))
        except OSError as error:
            raise InvalidRequest(f"{file} cannot be read.", str(error)) from error
        choice = {key: getattr(self, key) for key in self._choices}
        categories = self.categories.split(",") if self.categories is not None else None
        replacements = {old: spec or None for old, _, spec in (text.partition("=") for text in self.replace)}
        part = {"lock_environment": self.environment, "categories": categories, "replacements": replacements}
        return {
            "kind": "import",
            "name": name,
            "content": content,
            "source_builds": self.source_builds,
            "file": None if file == "-" else Path(file).name,
            **part,
            **choice,
        }


class CloneApp(ChangeApp):
    """Copy an environment under a new name."""

    least, most, usage = 2, 2, "clone NAME NEW_NAME"

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        environment = await self.find(services, arguments[0])
        return {"kind": "clone", "environment": environment.id, "name": arguments[1]}


class RenameApp(ChangeApp):
    """Rename an environment."""

    least, most, usage = 2, 2, "rename NAME NEW_NAME"

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        environment = await self.find(services, arguments[0])
        return {"kind": "rename", "environment": environment.id, "name": arguments[1]}


class RepairApp(ChangeApp):
    """Restore damaged files and missing dependencies of an environment."""

    least, most, usage = 1, 1, "repair NAME"

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        environment = await self.find(services, arguments[0])
        return {"kind": "repair", "environment": environment.id}


class RevertApp(ChangeApp):
    """Revert an environment to an earlier revision; “history” lists the revisions."""

    least, most, usage = 2, 2, "revert NAME REVISION [--into=NEW_NAME]"
    into = Unicode(None, allow_none=True, help="Revert a copy with this name instead of the environment.").tag(
        config=True
    )
    aliases = {**ChangeApp.aliases, "into": "RevertApp.into"}

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        environment = await self.find(services, arguments[0])
        number = revision_number(arguments[1])
        return {"kind": "revert", "environment": environment.id, "revision": number, "into": self.into}


def describe(plan: Plan) -> str:
    """Format a plan for a terminal."""
    warned = [f"  {warning.severity}: {warning.message}" for warning in plan.warnings]
    if plan.kind == "clean":
        lines = [
            f"  {each.what:9} {megabytes(each.bytes)} ({counted(each.items, 'directory', 'directories')})"
            for each in plan.frees
        ]
        return "\n".join([f"This frees {megabytes(plan.freed_bytes)}:", *lines, *warned])
    if not plan.entries and plan.kind == "overlay" and plan.is_new:
        return f"Create {plan.name} at {plan.prefix}, which uses the packages of the other environment."
    if not plan.entries and not plan.forgets:
        return f"{plan.name} {'needs no repair' if plan.kind == 'repair' else 'is up to date'}."
    lines = []
    for entry in plan.entries:
        versions = dict.fromkeys(side["version"] for side in (entry["from"], entry["to"]) if side)
        lines.append(f"  {entry['action']:9} {entry['name']} {from_source(' → '.join(versions), entry['source'])}")
    sizes = [f"{megabytes(plan.download_bytes)} to download", f"adds {megabytes(plan.added_bytes)}"]
    sizes += [f"shares {megabytes(plan.shared_bytes)}"] if plan.shared_bytes else []
    sizes += [f"frees {megabytes(plan.freed_bytes)}"] if plan.freed_bytes else []
    return "\n".join([f"{plan.prefix}: {counted(len(plan.entries), 'package')}, {', '.join(sizes)}", *lines, *warned])
