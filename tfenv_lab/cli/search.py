"""The command that searches for packages, as the panel does when a user adds one."""

from __future__ import annotations

from collections.abc import Sequence

from ..services import Services
from .command import TfenvCommand, table


class SearchApp(TfenvCommand):
    """Search the channels and the package index for packages: jupyter tfenv search keras, search pypi:keras-hub."""

    needs = ("search",)
    least, most, usage = 1, 1, "search TEXT"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        from ..pypi.index import LONGEST

        # Nobody searches again after a command, so it waits for the index until the reader gives up.
        found = await services.search.find(arguments[0], patience=2 * LONGEST)
        rows = [
            (each["name"], (each["versions"] or ["-"])[0], "PyPI" if each["source"] == "pypi" else "conda")
            for each in found
        ]
        text = table(("name", "newest", "source"), rows) if rows else f"No package matches “{arguments[0]}”."
        self.write({"packages": found}, text)
        return 0
