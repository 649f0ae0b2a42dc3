"""Time to find the warnings and the newest check of one environment, for a row of the list.

Each environment has 300 packages, a Keras from pip and a CPU-only TensorFlow on a machine with a GPU, so every kind of
warning applies.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.prefixes import add_dist_info, make_prefix
from tfenv_lab.environments import facts
from tfenv_lab.environments.discovery import hash_of
from tfenv_lab.environments.inventory import Seen
from tfenv_lab.environments.models import AvailableUpdate
from tfenv_lab.jobs.checks import CheckService, state_of
from tfenv_lab.jobs.models import Job, new_id, now
from tfenv_lab.jobs.store import JobStore
from tfenv_lab.tensorflow.advice import Known, advise
from tfenv_lab.tensorflow.checks.models import Check

from .measure import Measure, milliseconds

_ENVIRONMENTS, _PACKAGES = 50, 300
_KNOWN = Known("12.8", AvailableUpdate("2.20.0", None), "2.19.1")
#: Maximum milliseconds for an environment in a list, if its files have not changed.
_LIMIT = 2.0


def measures() -> Iterator[Measure]:
    with tempfile.TemporaryDirectory() as name:
        prefixes = [_make(Path(name) / f"env{number:02}") for number in range(_ENVIRONMENTS)]
        readings = [_read(prefix) for prefix in prefixes]
        assert len(list(advise(readings[0].facts, _KNOWN))) >= 4
        floor = milliseconds(lambda: [list(os.scandir(prefix / "conda-meta")) for prefix in prefixes])
        floors: dict[str, Any] = {"floor": floor / _ENVIRONMENTS, "floor_name": "listing its conda-meta"}

        def one(work: Any) -> float:
            return milliseconds(work) / _ENVIRONMENTS

        read = one(lambda: [list(advise(_read(prefix).facts, _KNOWN)) for prefix in prefixes])
        yield Measure("advice, after a change of the environment", read, **floors)
        known = one(lambda: [list(advise(reading.facts, _KNOWN)) for reading in readings])
        yield Measure("advice", known, limit=_LIMIT, **floors)

        store = JobStore(Path(name) / "jobs")
        seen = [
            Seen(str(prefix), prefix.name, reading.facts, is_root=False, is_listed=True)
            for prefix, reading in zip(prefixes, readings, strict=True)
        ]
        for item in seen:
            _keep_check(store, item)
        cold = one(lambda: _checks(store).newest(seen, {}))
        yield Measure("newest check, after a change", cold, **floors)
        checks = _checks(store)
        found = checks.newest(seen, {})
        assert not any(check.outdated for check in found.values())
        assert len(found) == _ENVIRONMENTS
        warm = one(lambda: checks.newest(seen, {}))
        yield Measure("newest check", warm, limit=_LIMIT, **floors)


def _make(prefix: Path) -> Path:
    stems = [f"library{number}-1.{number}-py311h1_0" for number in range(_PACKAGES)]
    stems += ["tensorflow-2.19.1-cpu_py311h1_0", "keras-3.5.0-pyh_0", "tf-keras-2.18.0-pyh_0"]
    make_prefix(prefix, stems, python="3.11.9", kernels=["python3"])
    add_dist_info(prefix / "lib/python3.11/site-packages", "keras", "2.15.0")
    return prefix


def _read(prefix: Path) -> facts.Reading:
    found = facts.read(str(prefix), str(prefix))
    assert found is not None
    return found


def _keep_check(store: JobStore, seen: Seen) -> None:
    state = state_of(seen.facts.prefix, None)
    job = Job(new_id(), "check", seen.name, seen.real, hash_of(seen.real), "succeeded", finished=now())
    result = Check(True, "3.11.9", "2.19.1", "3.10.0", [], 9.0, [], "")
    store.save(replace(job, result=result, checked=state))


def _checks(store: JobStore) -> CheckService:
    """Return the part of the service that looks up checks."""
    absent = cast("Any", None)
    return CheckService(store, absent, absent, absent, automatic=False)
