"""Write our kernelspecs in the user's kernel directory, and keep them up to date with their environments."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conda.prefix.activation import environment_variables, inherited_names
from ..disk.reads import BoundedReads
from ..environments import facts
from ..environments.models import EnvironmentFacts, Kernel
from ..errors import InvalidRequest, TfenvError
from . import building, conda_manager, kernelspecs, naming
from .building import Built, KernelContext
from .freshness import activation_of, is_current, state_of
from .kernelspecs import Kernelspec
from .naming import KernelNames

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings


@dataclass(frozen=True)
class _Registration:
    """The arguments of a registration; None keeps the last value, or uses the default."""

    name: str | None = None
    env: Mapping[str, str] | None = None


class KernelRegistrar:
    """Writer of the kernelspecs with our mark; it changes no other. The methods block, so call them in a thread.

    ``prefixes``, ``display_name``, ``envs_dir`` and ``manager`` are those of the :class:`KernelService`.
    """

    def __init__(
        self,
        settings: CondaSettings,
        cache: kernelspecs.Cache,
        *,
        prefixes: Callable[[], Mapping[Path, bool]],
        display_name: str,
        envs_dir: Path | None,
        manager: Any,
        log: logging.Logger,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._prefixes = prefixes
        self._display_name = display_name
        self._envs_dir = envs_dir
        self._manager = manager
        self._log = log
        self._lock = threading.Lock()
        self._there: BoundedReads[Path, bool] = BoundedReads(lambda prefix: prefix.parent.is_dir())

    def register(self, prefix: Path, name: str | None, env: Mapping[str, str] | None) -> Kernel:
        """Register an environment, as :meth:`KernelService.register` does."""
        if not kernelspecs.inside(prefix):
            raise InvalidRequest(
                "This environment has no kernel.",
                f"There is no kernelspec in {prefix / kernelspecs.INSIDE}",
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
            for spec in self._ours(prefix):
                kernelspecs.remove(spec)
        conda_manager.forget(self._manager, prefix, exists=(prefix / "conda-meta").is_dir())

    def reconcile(self, prefixes: Iterable[Path] | None) -> None:
        """Bring our kernelspecs (of ``prefixes``, or all) up to date with their environments."""
        known = list(kernelspecs.ours())
        places = self._cache.environments(known)
        wanted = None if prefixes is None else set(self._cache.reals.of(map(str, prefixes)).values())
        todo: dict[Path, list[Kernelspec]] = {}
        for spec in known:
            if wanted is None or places[spec.name] in wanted:
                todo.setdefault(Path((spec.mark or {})["prefix"]), []).append(spec)
        names = self._names(known) if todo else KernelNames({})
        there = self._there.run(todo)
        for prefix, specs in todo.items():
            # Keep the kernels if the drive is unavailable: its environments come back with it.
            if there[prefix] is not True:
                continue
            try:
                self._reconcile_one(prefix, specs, names)
            except (OSError, TfenvError) as error:
                self._log.warning("The kernels of %s could not be updated: %s", prefix, error)

    def _reconcile_one(self, prefix: Path, specs: list[Kernelspec], names: KernelNames) -> None:
        if not (prefix / "conda-meta").is_dir() or not kernelspecs.inside(prefix):
            self._log.info("Unregistering the kernels of %s: the environment or its own kernelspec is gone", prefix)
            self.unregister(prefix)
            return
        state = state_of(prefix)
        is_known = str(prefix) in names.by_prefix
        ids = {names.id_of(prefix, own.name) for own in kernelspecs.inside(prefix)} if is_known else set()
        if ids == {spec.name for spec in specs} and all(is_current(spec, state, self._display_name) for spec in specs):
            return
        with self._lock:
            self._write({prefix: _Registration()})
        conda_manager.forget(self._manager, prefix, exists=True)

    def added(self, prefix: Path) -> dict[str, str] | None:
        """Return the variables of the last registration, or None if the prefix is not registered."""
        ours = self._ours(prefix)
        marks = (found for spec in ours if isinstance(found := (spec.mark or {}).get("env"), dict))
        return kernelspecs.texts(next(marks, {})) if ours else None

    def _ours(self, prefix: Path) -> list[Kernelspec]:
        """Return the kernelspecs that were registered for an environment."""
        real, known = self._cache.reals.of_one(str(prefix)), list(kernelspecs.ours())
        places = self._cache.environments(known)
        return [spec for spec in known if places[spec.name] == real]

    def _names(self, ours: Iterable[Kernelspec], more: Iterable[Path] = ()) -> KernelNames:
        known = {**dict.fromkeys(more, False), **self._prefixes()}
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
        known = list(kernelspecs.ours())
        names = self._names(known, wanted)
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
        titles = (str(mark["title"]) for mark in marks.values() if mark.get("title"))
        reading = facts.read(str(prefix), real)
        setting = KernelContext(
            prefix=prefix,
            names=names,
            title=Path(request.name).name if request.name else next(titles, prefix.name),
            facts=reading.facts if reading else EnvironmentFacts("", prefix),
            fingerprint=state,
            variables=environment_variables(prefix, self._settings.root_prefix),
            root=self._settings.root_prefix,
            inherits=inherited_names(prefix),
            activation=activation,
            display_name=self._display_name,
        )
        built: list[Built] = []
        for own in kernelspecs.inside(prefix):
            before = kernelspecs.texts(marks.get(own.name, {}).get("env"))
            extra = before if request.env is None else request.env
            others = taken | {str(item.spec["display_name"]) for item in built}
            built.append(building.build(setting, own, extra, others))
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
