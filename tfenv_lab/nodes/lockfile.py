"""A lock file, and the part of it that counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..plan_requests import Match


@dataclass(frozen=True)
class LockFile:
    """The text of a lock file. ``file`` is its name, and the other fields are those of a plan request."""

    content: str
    file: str | None = None
    format: str | None = None
    lock_environment: str | None = None
    categories: tuple[str, ...] | None = None

    def request(self, name: str) -> dict[str, Any]:
        """Return the plan request that makes the environment with this name equal to the file."""
        told = {key: value for key, value in asdict(self).items() if value is not None}
        return {"kind": Match(self.content, name=name).kind, "name": name, **told}

    @property
    def mark(self) -> str:
        """The mark that an environment keeps which was made equal to the file."""
        return Match(self.content, None, "any", self.format, self.lock_environment, self.categories).mark
