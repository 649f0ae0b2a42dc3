"""Read the file of a plan, including one that a version before 0.2 wrote."""

from __future__ import annotations

from typing import Any

from .. import serde
from ..errors import TfenvError
from .models import StoredPlan


def read(text: bytes, subdir: str) -> StoredPlan:
    """Return the plan in a file. ``subdir`` is this machine's platform. Raises serde.Unreadable if it is not a plan."""
    try:
        stored = serde.parse(text)
        work = stored["plan"].get("work")
        if work is not None:
            stored["plan"].update(_change(stored["plan"], work, subdir))
        change = stored["plan"].get("change")
        for entries in (stored["plan"]["entries"], change["entries"] if change else []):
            # Before there were package indexes, all packages were conda's.
            for entry in entries:
                entry.setdefault("source", "conda")
                if entry["to"] is not None:
                    entry["to"].setdefault("parts", [])
        for warning in stored["plan"]["warnings"]:
            warning.setdefault("items", [])
        if "digest" not in stored["plan"]:
            stored["plan"]["digest"] = _digest(stored["plan"]["change"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise serde.Unreadable(f"The file does not contain a plan: {error!r}") from error
    try:
        found: StoredPlan = serde.convert(stored, StoredPlan)
    except TfenvError as error:
        raise serde.Unreadable(f"The plan's request is not valid in this version: {error}") from error
    return found


def _digest(change: dict[str, Any]) -> str:
    from ..conda.prefix import lock

    return lock.digest(lock.loads(change["lock"]).get(change["subdir"], []))


def _change(plan: dict[str, Any], work: dict[str, Any], subdir: str) -> dict[str, Any]:
    """Convert an old plan's ``work`` to the fields that a plan has now; the old form did not state the origin."""
    moved, source = work["moved"], work["copy_of"]
    in_place = work["fingerprint"] is not None
    commands = plan["commands"] if plan["kind"] not in ("import", "revert") else []
    change = {
        "origin": "in_place" if in_place else "move" if moved else "copy" if source else "new",
        "prefix": plan["prefix"],
        "kind": plan["kind"],
        "subdir": subdir,
        "lock": work["lock"],
        "requested": work["requested"],
        "channels": [],
        "source": source,
        "fingerprint": work["fingerprint"] or moved,
        "summary": work["summary"],
        "command": commands[0] if commands else f"tfenv_lab {plan['kind']}",
        "entries": plan["entries"],
        "pypi": work["pypi"],
    }
    return {"change": change, "environment": work["environment"], "needed_bytes": work["needed_bytes"]}
