"""Commands that change nothing: list, packages, why, versions and export."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from traitlets import Unicode

from ..errors import InvalidRequest
from ..services import Services
from .command import TfenvCommand, counted, from_source, table
from .history import revision_number

if TYPE_CHECKING:
    from ..environments.comparing import Build
    from ..environments.models import Environment


class ListApp(TfenvCommand):
    """List the environments."""

    needs = ("environments",)
    usage = "list [--package=NAME]"
    package = Unicode(None, allow_none=True, help="Only environments with this package, and its version.").tag(
        config=True
    )
    aliases = {**TfenvCommand.aliases, "package": "ListApp.package"}

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        found = await services.environments.list()
        if self.package:
            return await self._with_package(services, found, self.package)
        rows = [
            (
                e.name,
                from_source(e.tensorflow.version, e.tensorflow.source) if e.tensorflow else "-",
                e.python or "-",
                e.prefix,
            )
            for e in found
        ]
        self.write(
            {"environments": [e.to_json() for e in found]}, table(("name", "tensorflow", "python", "path"), rows)
        )
        return 0

    async def _with_package(self, services: Services, known: Sequence[Environment], name: str) -> int:
        places = {environment.id: environment for environment in known}
        found = [each for each in await services.environments.with_package(name) if each.environment in places]
        rows = [
            (places[each.environment].name, from_source(each.version, each.source), places[each.environment].prefix)
            for each in found
        ]
        text = table(("name", name, "path"), rows) if rows else f"No environment has “{name}”."
        self.write({"packages": [asdict(each) for each in found]}, text)
        return 0


class DiffApp(TfenvCommand):
    """Compare two environments or revisions: jupyter tfenv diff tf219 tf220, diff tf219@0, diff tf219@0 tf219@2."""

    needs = ("environments",)
    least, most, usage = 1, 2, "diff NAME[@REVISION] [NAME[@REVISION]]"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        # A name never has an @.
        (left, revision), *rest = [await self._side(services, text) for text in arguments]
        if revision is None and not rest:
            raise InvalidRequest("Name two environments, or a revision as in NAME@0.")
        other, other_revision = rest[0] if rest else (left, None)
        found = await services.environments.compare(left.id, revision, other.id, other_revision)
        rows = [(each.name, _version(each.left), _version(each.right)) for each in found.differences]
        titles = (arguments[0], arguments[1] if rest else left.name)
        text = table(("package", *titles), rows) if rows else "No package differs."
        self.write(found.to_json(), f"{text}\n{counted(found.same, 'package is', 'packages are')} the same.")
        return 0

    async def _side(self, services: Services, text: str) -> tuple[Environment, int | None]:
        name, at, number = text.rpartition("@")
        if at and "/" not in number:
            return await self.find(services, name), revision_number(number)
        return await self.find(services, text), None


def _version(build: Build | None) -> str:
    return from_source(" ".join(filter(None, (build.version, build.build))), build.source) if build else "-"


class PackagesApp(TfenvCommand):
    """List the packages of an environment, and the source of each."""

    needs = ("environments",)
    least, most, usage = 1, 1, "packages NAME"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        found = await services.environments.packages(environment.id)
        rows = [
            (e.name, e.version, "PyPI" if e.source == "pypi" else e.channel or "-", "yes" if e.requested else "")
            for e in found
        ]
        self.write({"packages": [e.to_json() for e in found]}, table(("name", "version", "source", "requested"), rows))
        return 0


class WhyApp(TfenvCommand):
    """Explain why a package is in an environment: what needs it, and what it needs."""

    needs = ("environments",)
    least, most, usage = 2, 2, "why NAME PACKAGE"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        found = await services.environments.why(environment.id, arguments[1])
        reason = f"requested ({found.spec})" if found.requested else "not requested"
        if found.because:
            reason += f", needed because of {' → '.join([*found.because, found.name])}"
        lines = [f"{found.name} {from_source(found.version, found.source)}: {reason}"]
        for title, related in (("Needed by", found.needed_by), ("Needs", found.needs)):
            lines.append(f"{title}:" if related else f"{title}: nothing")
            lines += [
                f"  {each.name} {from_source(each.version or 'not installed', each.source or 'conda')}"
                + (f"  ({each.spec})" if each.spec else "")
                for each in related
            ]
        self.write(found.to_json(), "\n".join(lines))
        return 0


class VersionsApp(TfenvCommand):
    """List the TensorFlow releases on the channels and on PyPI, and the variants that this machine can install."""

    needs = ("catalog",)
    usage = "versions"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        from ..pypi.index import LONGEST

        # Nobody asks again after a command, so it waits for the index until the reader gives up.
        catalog = asdict(await services.catalog.get(patience=2 * LONGEST))
        rows = [
            (
                release["version"],
                " ".join(release["python"]),
                ", ".join(
                    from_source(variant["name"], variant["source"])
                    for variant in release["variants"]
                    if variant["installable"]
                )
                or "-",
            )
            for release in catalog["releases"]
        ]
        self.write(catalog, table(("tensorflow", "python", "installable"), rows))
        for text in (*(warning["message"] for warning in catalog["warnings"]), catalog["message"]):
            if text:
                print(text, file=sys.stderr)
        return 0


class ExportApp(TfenvCommand):
    """Write an environment in a file format to standard output."""

    needs = ("environments",)
    least, most, usage = 1, 1, "export NAME [--format=FORMAT] [--specs=all]"
    format = Unicode(
        "environment-yml",
        help="environment-yml, explicit, conda-lock, pixi-lock, pylock, requirements, notebook, or an extension's.",
    ).tag(config=True)
    specs = Unicode("requested", help="For environment-yml: “requested” packages only, or “all”.").tag(config=True)
    aliases = {**TfenvCommand.aliases, "format": "ExportApp.format", "specs": "ExportApp.specs"}

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        from ..environments.exporting import export

        environment = await self.find(services, arguments[0])
        text = await export(environment, self.format, self.specs, services.conda)
        self.write({"format": self.format, "content": text}, text.rstrip("\n"))
        return 0
