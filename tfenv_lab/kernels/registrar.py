"""Write our kernelspecs in the user's kernel directory, and remove them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conda.prefix.activation import environment_variables, inherited_names
from ..conda.prefix.owner import has_scripts_of_another
from ..environments import facts
from ..environments.discovery import hash_of
from ..environments.models import EnvironmentFacts, Kernel
from ..errors import InvalidRequest, TfenvError
from . import building, conda_manager, kernelspecs, naming
from .building import Built, KernelContext
from .freshness import activation_of, state_of
from .kernelspecs import Kernelspec
from .naming import KernelNames
from .written import WrittenKernels

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings

#: Number of kernelspecs that are written together; a registration that a user requests waits for them.
_BATCH = 20


@dataclass(frozen=True)
class _Registration:
    """The arguments of a registration; None keeps the last value, or uses the default."""

    name: str | None = None
    env: Mapping[str, str] | None = None


class KernelRegistrar:
    """Writer of the kernelspecs with our mark; it changes no other. The methods block, so call them in a thread.

    ``written`` remembers them. ``prefixes``, ``display_name``, ``envs_dir`` and ``manager`` are those of the
    :class:`KernelService`.
    """

    def __init__(
        self,
        settings: CondaSettings,
        cache: kernelspecs.Cache,
        written: WrittenKernels,
        *,
        prefixes: Callable[[], Mapping[Path, bool]],
        display_name: str,
        envs_dir: Path | None,
        manager: Any,
        log: logging.Logger,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._written_last = written
        self._prefixes = prefixes
        self._display_name = display_name
        self._envs_dir = envs_dir
        #: Directories in which environments are the user's own, whoever owns them.
        self._trusted = (*settings.envs_dirs, *([envs_dir] if envs_dir else []))
        self._manager = manager
        self._log = log
        self._lock = threading.Lock()

    def register(self, prefix: Path, name: str | None, env: Mapping[str, str] | None) -> Kernel:
        """Register an environment, as :meth:`KernelService.register` does."""
        if not kernelspecs.inside(prefix):
            raise InvalidRequest(
                "This environment has no kernel.",
                f"{prefix / kernelspecs.INSIDE} has no kernelspec",
                hint="Install the package ipykernel in the environment first.",
            )
        # Before writing, so that a new environment gets the name that nb_conda_kernels gives it.
        conda_manager.forget(self._manager, prefix, exists=True)
        with self._lock, kernelspecs.explained():
            written = self._write({prefix: _Registration(name, env)})
        conda_manager.forget(self._manager, prefix, exists=True)
        return written[prefix]

    def unregister(self, prefix: Path) -> None:
        """Remove the kernelspecs that were registered for this prefix, even if it no longer exists."""
        with self._lock, kernelspecs.explained():
            # First, so that no other server takes this for a removal by the user.
            self._written_last.forget(hash_of(self._cache.reals.of_one(str(prefix))))
            for spec in self._ours(prefix):
                kernelspecs.remove(spec)
        conda_manager.forget(self._manager, prefix, exists=(prefix / "conda-meta").is_dir())

    def write(self, prefixes: Iterable[Path]) -> list[Path]:
        """Register environments, or register them again, and return those for which that failed, logging why."""
        todo = list(prefixes)
        failed = []
        for start in range(0, len(todo), _BATCH):
            batch = todo[start : start + _BATCH]
            if self._written(batch) is not None:
                errors = {prefix: self._written([prefix]) for prefix in batch}
                for prefix, error in errors.items():
                    if error is not None:
                        self._log.warning("The kernels of %s could not be updated: %s", prefix, error)
                        failed.append(prefix)
            for prefix in batch:
                conda_manager.forget(self._manager, prefix, exists=True)
        return failed

    def _written(self, prefixes: Sequence[Path]) -> Exception | None:
        """Write the kernelspecs of environments, and return the error that prevented it, or None."""
        try:
            with self._lock:
                self._write({prefix: _Registration() for prefix in prefixes})
        except (OSError, TfenvError) as error:
            return error
        return None

    def added(self, prefix: Path) -> dict[str, str] | None:
        """Return the variables of the last registration, or None if the prefix is not registered."""
        ours = self._ours(prefix)
        marks = (found for spec in ours if isinstance(found := (spec.mark or {}).get("env"), dict))
        return kernelspecs.texts(next(marks, {})) if ours else None

    def note(self, prefix: Path, specs: Sequence[Kernelspec]) -> None:
        """Remember that these are the kernelspecs of an environment."""
        states = [str((spec.mark or {}).get("fingerprint")) for spec in specs]
        if states:
            self._written_last.note(
                hash_of(self._cache.reals.of_one(str(prefix))), states[0], [spec.name for spec in specs]
            )

    def _ours(self, prefix: Path) -> list[Kernelspec]:
        """Return the kernelspecs that were registered for an environment."""
        real, known = self._cache.reals.of_one(str(prefix)), self._cache.ours()
        places = self._cache.environments(known)
        return [spec for spec in known if places[spec.name] == real]

    def names(
        self, ours: Iterable[Kernelspec], more: Iterable[Path] = (), prefixes: Mapping[Path, bool] | None = None
    ) -> KernelNames:
        """Return the names of all environments, including those in ``more``; ``ours`` are our kernelspecs.

        ``prefixes`` are all environments if the caller has just listed them.
        """
        known = {**dict.fromkeys(more, False), **(self._prefixes() if prefixes is None else prefixes)}
        others = [str(prefix) for prefix in known]
        active = conda_manager.listed(self._manager)
        if active is not None:
            names = naming.environment_names(active.prefixes, active.base, None, active.base_name, others)
            return KernelNames(names, active.base_name)
        root = self._settings.root_prefix
        listed = [str(prefix) for prefix, is_listed in known.items() if is_listed]
        # Without a base environment, envs_dir counts as the envs directory of one, so that an environment has the id
        # that it would have there.
        home = str(self._envs_dir) if self._envs_dir else None
        names = naming.environment_names(listed, str(root) if root else None, home, others=others)
        held = {str((spec.mark or {})["prefix"]): str(spec.spec["metadata"].get("conda_env_name")) for spec in ours}
        return KernelNames(naming.apart(names, held))

    def _write(self, wanted: Mapping[Path, _Registration]) -> dict[Path, Kernel]:
        """Write the kernelspecs of the ``wanted`` prefixes, and return the first kernel of each.

        A new environment can change the id of another, because equal names are numbered; those kernelspecs are written
        again too. All are built before the first is written, and old ids are removed last.
        """
        known = self._cache.ours()
        names = self.names(known, wanted)
        todo = dict(wanted)
        for spec in known:
            mark = spec.mark or {}
            prefix = Path(mark["prefix"])
            moved = str(prefix) in names.by_prefix and spec.name != names.id_of(prefix, mark["kernel"])
            if moved and prefix not in todo and kernelspecs.inside(prefix):
                todo[prefix] = _Registration()
        places = self._cache.environments(known)
        reals = set(self._cache.reals.of(map(str, todo)).values())
        outdated = [spec for spec in known if places[spec.name] in reals]
        own = {spec.name for spec in outdated}
        taken = {found.spec.display_name for found in self._cache.everywhere() if found.spec.name not in own}
        built: dict[Path, list[Built]] = {}
        for prefix, request in todo.items():
            built[prefix] = self._build(prefix, names, request, known, taken)
            taken |= {str(item.spec["display_name"]) for item in built[prefix]}
        self._put(built)
        kept = {item.identifier for items in built.values() for item in items}
        for spec in outdated:
            if spec.name not in kept:
                kernelspecs.remove(spec)
        for prefix, items in built.items():
            self.note(prefix, [kernelspecs.Kernelspec(item.identifier, Path(), item.spec) for item in items])
        first = {prefix: items[0] for prefix, items in built.items() if items}
        return {
            prefix: Kernel(naming.listed_as(item.identifier), item.spec["display_name"])
            for prefix, item in first.items()
        }

    def _build(
        self, prefix: Path, names: KernelNames, request: _Registration, known: list[Kernelspec], taken: set[str]
    ) -> list[Built]:
        real = self._cache.reals.of_one(str(prefix))
        places = self._cache.environments(known)
        # Take the fingerprint first, so that a change during the rest of the read is noticed next time.
        state, activation = state_of(prefix), activation_of(prefix) or ""
        marks = {mark["kernel"]: mark for spec in known if (mark := spec.mark) and places[spec.name] == real}
        at_start = has_scripts_of_another(prefix, self._trusted)
        titles = (str(mark["title"]) for mark in marks.values() if mark.get("title"))
        usual = "base" if prefix == self._settings.root_prefix else prefix.name
        reading = facts.read(str(prefix), real)
        setting = KernelContext(
            prefix=prefix,
            names=names,
            title=Path(request.name).name if request.name else next(titles, usual),
            facts=reading.facts if reading else EnvironmentFacts("", prefix),
            fingerprint=state,
            variables=environment_variables(prefix, self._settings.root_prefix, scripts=not at_start),
            root=self._settings.root_prefix,
            inherits=[] if at_start else inherited_names(prefix),
            at_start=at_start,
            activation=activation,
            display_name=self._display_name,
        )
        built: list[Built] = []
        inside = kernelspecs.inside(prefix)
        siblings = [own.name for own in inside]
        for own in inside:
            before = kernelspecs.texts(marks.get(own.name, {}).get("env"))
            extra = before if request.env is None else request.env
            others = taken | {str(item.spec["display_name"]) for item in built}
            built.append(building.build(setting, own, extra, others, siblings))
        return built

    def _put(self, built: Mapping[Path, list[Built]]) -> None:
        folder = kernelspecs.user_folder()
        for items in built.values():
            for item in items:
                there = kernelspecs.read(folder / item.identifier)
                if there is not None and there.mark is None:
                    message = f"The name “{item.identifier}” belongs to a kernel that this server does not manage."
                    raise InvalidRequest(message, str(there.folder), hint="Rename the environment or that kernel.")
        for prefix, items in built.items():
            for item in items:
                kernelspecs.write(folder / item.identifier, item.spec, item.resources, prefix)
