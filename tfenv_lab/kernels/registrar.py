"""Write our kernelspecs in the user's kernel directory, and remove them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..environments import overlaid
from ..environments.discovery import hash_of
from ..environments.models import EnvironmentFacts, Kernel
from ..errors import InvalidRequest, TfenvError
from ..sentences import say
from . import activations, building, conda_manager, kernelspecs, naming
from .activations import Activation
from .building import Built, KernelContext
from .kernelspecs import Kernelspec
from .listed_kernelspecs import KernelspecCache
from .naming import KernelNames
from .written import WrittenKernels

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings


@dataclass(frozen=True)
class _Registration:
    """The arguments of a registration; None keeps the last value, or uses the default."""

    name: str | None = None
    env: Mapping[str, str] | None = None


class KernelRegistrar:
    """Writer of the kernelspecs with our mark; it changes no other. The methods block, so call them in a thread.

    ``written`` remembers them. ``prefixes``, ``display_name``, ``excluded``, ``envs_dir`` and ``manager`` are those of
    the :class:`KernelService`.
    """

    def __init__(
        self,
        settings: CondaSettings,
        cache: KernelspecCache,
        written: WrittenKernels,
        *,
        prefixes: Callable[[], Mapping[Path, bool]],
        display_name: str,
        excluded: Sequence[str],
        envs_dir: Path | None,
        manager: Any,
        log: logging.Logger,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._written_last = written
        self._prefixes = prefixes
        self._display_name = display_name
        self._excluded = tuple(excluded)
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
                say("This environment has no kernel."),
                say("{prefix} has no kernelspec", prefix=prefix / kernelspecs.INSIDE),
                hint=say("Install the package ipykernel in the environment first."),
            )
        # Before writing, so that a new environment gets the name that nb_conda_kernels gives it.
        conda_manager.forget(self._manager, prefix, exists=True)
        with kernelspecs.explained():
            written = self._write({prefix: _Registration(name, env)}, {})
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

    def write(self, prefixes: Iterable[Path]) -> Iterator[dict[Path, bool]]:
        """Register environments, or register them again, in batches as their activations end.

        Yield for each environment of a batch whether that succeeded; the log says why not.
        """
        known = self._by_place()
        for batch in activations.each(prefixes, lambda prefix: self._activate(prefix, known)):
            ready = {prefix: found for prefix, found in batch.items() if isinstance(found, Activation)}
            errors: dict[Path, Exception | None] = {
                prefix: found for prefix, found in batch.items() if isinstance(found, Exception)
            }
            if ready and self._written(ready) is not None:
                errors |= {prefix: self._written({prefix: found}) for prefix, found in ready.items()}
            for prefix, error in errors.items():
                if error is not None:
                    self._log.warning("The kernels of %s could not be updated: %s", prefix, error)
            for prefix in batch:
                conda_manager.forget(self._manager, prefix, exists=True)
            yield {prefix: errors.get(prefix) is None for prefix in batch}

    def _written(self, ready: Mapping[Path, Activation]) -> Exception | None:
        """Write the kernelspecs of environments, and return the error that prevented it, or None."""
        try:
            self._write({prefix: _Registration() for prefix in ready}, ready)
        except (OSError, TfenvError) as error:
            return error
        return None

    def _activate(self, prefix: Path, known: Mapping[str, Sequence[Kernelspec]]) -> Activation:
        """Activate an environment; ``known`` are our kernelspecs by the real path of the environment."""
        specs = known.get(self._cache.reals.of_one(str(prefix)), ())
        return activations.activation(prefix, self._settings.root_prefix, self._trusted, specs)

    def _by_place(self) -> dict[str, list[Kernelspec]]:
        """Return our kernelspecs by the real path of their environment."""
        found: dict[str, list[Kernelspec]] = {}
        known = self._cache.ours()
        places = self._cache.environments(known)
        for spec in known:
            found.setdefault(places[spec.name], []).append(spec)
        return found

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
        return self._by_place().get(self._cache.reals.of_one(str(prefix)), [])

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

    def _write(self, wanted: Mapping[Path, _Registration], ready: Mapping[Path, Activation]) -> dict[Path, Kernel]:
        """Write the kernelspecs of the ``wanted`` prefixes, and return the first kernel of each.

        ``ready`` are those that are activated already. A new environment can change the id of another, because equal
        names are numbered; those kernelspecs are written again too. All are built before the first is written, and old
        ids are removed last.
        """
        ready = dict(ready)
        missing = [prefix for prefix in wanted if prefix not in ready]
        while True:
            # Without the lock, because an activation may take long.
            known = self._by_place()
            ready.update((prefix, self._activate(prefix, known)) for prefix in missing)
            with self._lock:
                todo, names = self._todo(wanted)
                missing = [prefix for prefix in todo if prefix not in ready]
                if not missing:
                    return self._write_activated(todo, ready, names)

    def _todo(self, wanted: Mapping[Path, _Registration]) -> tuple[dict[Path, _Registration], KernelNames]:
        """Return the environments to write, the ``wanted`` and those whose id these change, and the names of all."""
        known = self._cache.ours()
        names = self.names(known, wanted)
        todo = dict(wanted)
        for spec in known:
            mark = spec.mark or {}
            prefix = Path(mark["prefix"])
            moved = str(prefix) in names.by_prefix and spec.name != names.id_of(prefix, mark["kernel"])
            if moved and prefix not in todo and kernelspecs.inside(prefix):
                todo[prefix] = _Registration()
        return todo, names

    def _write_activated(
        self, todo: Mapping[Path, _Registration], ready: Mapping[Path, Activation], names: KernelNames
    ) -> dict[Path, Kernel]:
        known = self._cache.ours()
        places = self._cache.environments(known)
        reals = set(self._cache.reals.of(map(str, todo)).values())
        outdated = [spec for spec in known if places[spec.name] in reals]
        own = {spec.name for spec in outdated}
        taken = {found.spec.display_name for found in self._cache.everywhere() if found.spec.name not in own}
        built: dict[Path, list[Built]] = {}
        for prefix, request in todo.items():
            built[prefix] = self._build(prefix, ready[prefix], names, request, known, taken)
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
        self,
        prefix: Path,
        activation: Activation,
        names: KernelNames,
        request: _Registration,
        known: list[Kernelspec],
        taken: set[str],
    ) -> list[Built]:
        real = self._cache.reals.of_one(str(prefix))
        places = self._cache.environments(known)
        marks = {mark["kernel"]: mark for spec in known if (mark := spec.mark) and places[spec.name] == real}
        titles = (str(mark["title"]) for mark in marks.values() if mark.get("title"))
        usual = "base" if prefix == self._settings.root_prefix else prefix.name
        reading = overlaid.read(str(prefix), real)
        setting = KernelContext(
            prefix=prefix,
            names=names,
            title=Path(request.name).name if request.name else next(titles, usual),
            facts=reading.facts if reading else EnvironmentFacts("", prefix),
            activation=activation,
            root=self._settings.root_prefix,
            display_name=self._display_name,
            excluded=self._excluded,
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
                    message = say(
                        "The name “{identifier}” belongs to a kernel that this server does not manage.",
                        identifier=item.identifier,
                    )
                    raise InvalidRequest(message, str(there.folder), hint=say("Rename the environment or that kernel."))
        for prefix, items in built.items():
            for item in items:
                kernelspecs.write(folder / item.identifier, item.spec, item.resources, prefix, item.drawn)
