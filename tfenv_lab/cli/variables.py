"""The command that shows and changes the variables of an environment."""

from __future__ import annotations

from collections.abc import Sequence

from traitlets import List, Unicode

from ..errors import InvalidRequest
from ..services import Services
from .command import TfenvCommand


class VariablesApp(TfenvCommand):
    """List the variables of an environment, after setting or removing some."""

    least, most, usage = 1, None, "variables NAME [VARIABLE=VALUE …] [--unset=VARIABLE …]"
    unset = List(Unicode(), help="A variable to remove; repeat the option for several.").tag(config=True)
    aliases = {**TfenvCommand.aliases, "unset": "VariablesApp.unset"}

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        wanted: dict[str, str | None] = dict.fromkeys(self.unset)
        for text in arguments[1:]:
            name, equals, value = text.partition("=")
            if not equals:
                raise InvalidRequest(
                    f"“{text[:60]}” sets no variable.", hint="Write VARIABLE=VALUE, or --unset=VARIABLE to remove one."
                )
            if name in wanted:
                raise InvalidRequest(f"The variable {name[:60]} is named twice.")
            wanted[name] = value
        found = await services.variables.change(environment.id, wanted) if wanted else None
        found = await services.variables.of(environment.id) if found is None else found
        text = "\n".join(f"{name}={value}" for name, value in found.items())
        self.write(dict(found), text or f"{environment.name} has no variables of its own.")
        return 0
