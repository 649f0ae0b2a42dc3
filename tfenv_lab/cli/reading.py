"""Commands that change nothing: list, versions, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from traitlets import Unicode

from ..environments.exporting import export
from ..services import Services
from .command import TfenvCommand, table


class ListApp(TfenvCommand):
    """List the environments."""

    usage = "list"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        found = await services.environments.list()
        rows = [(e.name, e.tensorflow.version if e.tensorflow else "-", e.python or "-", e.prefix) for e in found]
        self.write(
            {"environments": [e.to_json() for e in found]}, table(("name", "tensorflow", "python", "path"), rows)
        )
        return 0


class VersionsApp(TfenvCommand):
    """List the TensorFlow versions that the channels offer this machine."""

    usage = "versions"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        catalog = asdict(await services.catalog.get())
        rows = [
            (
                release["version"],
                " ".join(release["python"]),
                " ".join(variant["name"] for variant in release["variants"] if variant["installable"]) or "-",
            )
            for release in catalog["releases"]
        ]
        self.write(catalog, table(("tensorflow", "python", "installable here"), rows))
        return 0


class ExportApp(TfenvCommand):
    """Write an environment as a file, to standard output."""

    least, most, usage = 1, 1, "export NAME [--format=FORMAT] [--specs=all]"
    format = Unicode("environment-yml", help="environment-yml, explicit, conda-lock or pixi-lock.").tag(config=True)
    specs = Unicode("requested", help="environment-yml: what was asked for, or “all” packages.").tag(config=True)
    aliases = {**TfenvCommand.aliases, "format": "ExportApp.format", "specs": "ExportApp.specs"}

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        text = await export(environment, self.format, self.specs, services.conda)
        self.write({"format": self.format, "content": text}, text.rstrip("\n"))
        return 0
