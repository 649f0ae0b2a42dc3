"""Apply the plans of earlier versions, in which pip was to install requirements after conda's packages."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ...errors import JobFailed
from ...pypi import requirements, resolving
from ...pypi.models import IndexSettings
from ...sentences import say
from ..prefix import lock, projects
from .change import Change


async def resolved(change: Change, cache: Path, settings: IndexSettings) -> Change:
    """Return the change with the requirements of ``Change.pypi`` resolved into its lock.

    ``cache`` is the package cache. Raises JobFailed without a Python, and what ``resolving.resolve`` raises.
    """
    if not change.pypi:
        return change
    records = change.records()
    python = next((str(record.version) for record in records if record.name.normalized == "python"), None)
    if python is None:
        raise JobFailed(say("Packages from a package index need Python, and the environment would have none."))
    wanted = requirements.by_name(map(requirements.parse, change.pypi))
    question = resolving.Question(
        list(wanted.values()),
        python,
        change.subdir,
        held=projects.provided(records, cache),
        builds=settings.policy.allow_source_builds,
    )
    with tempfile.TemporaryDirectory(prefix="tfenv-held-") as folder:
        found = await resolving.resolve(question, settings, Path(folder))
    text = lock.dumps(records, change.channels, change.subdir, found)
    names = {each.name for each in found}
    asked = {name: requirement for name, requirement in wanted.items() if name in names}
    return replace(change, lock=text, requirements={**change.requirements, **asked}, pypi=())
