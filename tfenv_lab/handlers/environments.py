"""``environments``: the list, each environment, and its packages, size, history, kernel, exports and checks."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..environments.exporting import differences, export
from ..errors import InvalidRequest
from ..sentences import say
from .base import BaseHandler

_MAX_NAME = 128


class EnvironmentsHandler(BaseHandler):
    """All environments."""

    #: An open panel asks for them again and again, which must not keep an idle server alive.
    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Send every environment."""
        self.finish(await self.services.watch.answer())


class FoundPackagesHandler(BaseHandler):
    """``GET installed-packages``: what all environments have of one package."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        name = self.get_query_argument("name", "")
        if not name or len(name) > _MAX_NAME:
            raise InvalidRequest(say("“name” must be a string of 1 to {max_name} characters.", max_name=_MAX_NAME))
        found = await self.services.environments.with_package(name)
        self.send({"packages": [asdict(each) for each in found]})


class EnvironmentHandler(BaseHandler):
    """One environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the environment."""
        self.send((await self.services.environments.get(identifier)).to_json())

    @web.authenticated
    @authorized
    async def delete(self, identifier: str) -> None:
        """Start to delete the environment, and send the job."""
        at_once = self.get_query_argument("at_once", "false")
        if at_once not in ("true", "false"):
            raise InvalidRequest(say("The parameter “at_once” must be true or false."))
        environment = await self.services.environments.get(identifier)
        job = await self.services.jobs.deletions.begin(environment, at_once=at_once == "true")
        self.send(job, 202, f"jobs/{job.id}")


class InstalledPackagesHandler(BaseHandler):
    """The packages of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the packages, sorted by name."""
        packages = await self.services.environments.packages(identifier)
        self.send({"packages": [package.to_json() for package in packages]})


class WhyHandler(BaseHandler):
    """Why one package is in one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str, package: str) -> None:
        """Send what needs the package and what it needs; ``source`` chooses between two packages with one name."""
        source = self.get_query_argument("source", None)
        if source not in (None, "conda", "pypi"):
            raise InvalidRequest(say("The parameter “source” must be conda or pypi."))
        self.send(await self.services.environments.why(identifier, package, source))


class NewerPackagesHandler(BaseHandler):
    """The newest versions of packages of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the newest versions of those of the packages in ``names`` that have a newer one."""
        from ..plans.newest import MOST

        names = [name for name in self.get_query_argument("names", "").split(",") if name]
        if not 1 <= len(names) <= MOST:
            raise InvalidRequest(say("“names” must have 1 to {most} names, separated by commas.", most=MOST))
        environment = await self.services.environments.readable(identifier)
        found = await self.services.newest.of(Path(environment.prefix), set(names))
        self.send({"packages": [asdict(each) for each in found]})


class ComparisonHandler(BaseHandler):
    """One environment compared with another one, or with a revision."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the packages that differ; ``with`` is the id of the other environment, by default the same."""
        other = self.get_query_argument("with", None)
        revisions = (self._number("revision"), self._number("with_revision"))
        self.send(await self.services.environments.compare(identifier, revisions[0], other or None, revisions[1]))

    def _number(self, name: str) -> int | None:
        text = self.get_query_argument(name, None)
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise InvalidRequest(say("“{name}” must be the number of a revision.", name=name))
        return int(text)


class SizeHandler(BaseHandler):
    """The size of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Measure the environment, which takes a moment, and send its size."""
        environment = await self.services.environments.readable(identifier)
        from ..space.service import size_of

        self.send(await asyncio.to_thread(size_of, Path(environment.prefix)))


class FileDifferencesHandler(BaseHandler):
    """The files of one environment that differ from the records of its packages."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Compare the files, and send those that differ; ``contents=true`` reads all of them."""
        contents = self.get_query_argument("contents", "false")
        if contents not in ("true", "false"):
            raise InvalidRequest(say("The parameter “contents” must be true or false."))
        self.send(await self.services.environments.files(identifier, contents == "true"))


class VariablesHandler(BaseHandler):
    """The variables of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the variables, an object from name to value."""
        self.send(await self.services.variables.of(identifier))

    @web.authenticated
    @authorized
    async def put(self, identifier: str) -> None:
        """Set the variables in the body, remove those that are null, and send all."""
        self.send(await self.services.variables.change(identifier, self.body()))


class RevisionsHandler(BaseHandler):
    """The history of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the revisions, newest first."""
        from ..conda.prefix import revisions

        environment = await self.services.environments.readable(identifier)
        found = await asyncio.to_thread(revisions.read, Path(environment.prefix))
        self.send({"revisions": [revision.to_json() for revision in reversed(found)]})


class RevisionHandler(BaseHandler):
    """One revision of one environment."""

    @web.authenticated
    @authorized
    async def patch(self, identifier: str, number: str) -> None:
        """Write the note in the body, or remove it if it is null, and send the revision."""
        body = self.body()
        if set(body) != {"note"}:
            raise InvalidRequest(say("The body must have the field “note”, and no other."))
        self.send(await self.services.notes.change(identifier, int(number), body["note"]))


class KernelspecHandler(BaseHandler):
    """The kernel of one environment."""

    @web.authenticated
    @authorized
    async def put(self, identifier: str) -> None:
        """Register the kernel, with the settings in the body, if any, and send the environment."""
        from ..kernels import settings

        wanted = settings.parse(self.body() if self.request.body else {})
        environment = await self.services.environments.readable(identifier)
        await self.services.kernels.change(Path(environment.prefix), environment.name, wanted)
        if wanted:
            await self.services.checks.begin_in_background(identifier)
        self.send((await self.services.environments.get(identifier)).to_json())

    @web.authenticated
    @authorized
    async def delete(self, identifier: str) -> None:
        """Hide the environment from the launcher until it is registered again, and send the environment."""
        environment = await self.services.environments.get(identifier)
        await self.services.kernels.hide(Path(environment.prefix))
        self.send((await self.services.environments.get(identifier)).to_json())


class RunningKernelsHandler(BaseHandler):
    """The running kernels of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the running kernels with their notebooks."""
        await self._send(Path((await self.services.environments.find(identifier)).prefix))

    @web.authenticated
    @authorized
    async def delete(self, identifier: str) -> None:
        """Shut the running kernels down, and send those that still run."""
        prefix = Path((await self.services.environments.find(identifier)).prefix)
        await self.services.kernels.sessions.shut_down(prefix)
        await self._send(prefix)

    async def _send(self, prefix: Path) -> None:
        self.send({"kernels": [asdict(kernel) for kernel in await self.services.kernels.sessions.running_in(prefix)]})


class ExportHandler(BaseHandler):
    """One environment as a file."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Send the text of the file; ``specs=all`` puts every package into an ``environment.yml``."""
        environment = await self.services.environments.readable(identifier)
        format_ = self.get_query_argument("format", "")
        if not format_:
            raise InvalidRequest(say("The query needs the parameter “format”."))
        text = await export(environment, format_, self.get_query_argument("specs", "requested"), self.services.conda)
        self.finish(text, set_content_type="text/plain; charset=utf-8")


class DifferencesHandler(BaseHandler):
    """The differences between one environment and a file."""

    @web.authenticated
    @authorized
    async def post(self, identifier: str) -> None:
        environment = await self.services.environments.readable(identifier)
        content = self.body().get("content")
        if not isinstance(content, str):
            raise InvalidRequest(say("“content” must be a string."))
        self.send({"differences": await differences(environment, content, self.services.conda)})


class ChecksHandler(BaseHandler):
    """Checks of one environment."""

    @web.authenticated
    @authorized
    async def post(self, identifier: str) -> None:
        job = await self.services.checks.begin(identifier)
        self.send(job, 202, f"jobs/{job.id}")


HANDLERS: list[tuple[str, type[BaseHandler]]] = [
    (r"installed-packages", FoundPackagesHandler),
    (r"environments", EnvironmentsHandler),
    (r"environments/([^/]+)", EnvironmentHandler),
    (r"environments/([^/]+)/packages", InstalledPackagesHandler),
    (r"environments/([^/]+)/packages/([^/]+)/why", WhyHandler),
    (r"environments/([^/]+)/newer-packages", NewerPackagesHandler),
    (r"environments/([^/]+)/comparison", ComparisonHandler),
    (r"environments/([^/]+)/size", SizeHandler),
    (r"environments/([^/]+)/files", FileDifferencesHandler),
    (r"environments/([^/]+)/variables", VariablesHandler),
    (r"environments/([^/]+)/revisions", RevisionsHandler),
    (r"environments/([^/]+)/revisions/(\d{1,9})", RevisionHandler),
    (r"environments/([^/]+)/kernelspec", KernelspecHandler),
    (r"environments/([^/]+)/kernels", RunningKernelsHandler),
    (r"environments/([^/]+)/export", ExportHandler),
    (r"environments/([^/]+)/differences", DifferencesHandler),
    (r"environments/([^/]+)/checks", ChecksHandler),
]
