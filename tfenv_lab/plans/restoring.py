"""Bring a deleted environment back under another name, because another environment has its own now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..sentences import say

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings
    from ..conda.transaction.change import Change


def change(tree: Path, before: Path, prefix: Path, settings: CondaSettings) -> Change:
    """Return the change that brings an environment to ``prefix`` with its history. It was at ``before``.

    Its files are in ``tree``, where they were set aside. Each package stays as it is.
    """
    from ..conda.machine.virtual_packages import current_subdir
    from ..conda.prefix import lock, overlays, wheels
    from ..conda.prefix import state as prefixes
    from ..conda.prefix.records import available
    from ..conda.transaction.change import Change

    channels, subdir = [ref.url for ref in settings.channels], current_subdir()
    managed = wheels.read(tree)
    return Change(
        origin="restore",
        prefix=prefix,
        # For the history, it has another name.
        kind="rename",
        subdir=subdir,
        lock=lock.dumps(available(tree), channels, subdir, managed.distributions),
        requested=prefixes.requested_specs(tree),
        channels=channels,
        source=before,
        set_aside=tree,
        summary=say("Restored under another name"),
        command="tfenv_lab undelete",
        requirements=managed.requirements,
        over=overlays.read(tree),
        asked=say("Restore {name} as {name_2}", name=before.name, name_2=prefix.name),
    )
