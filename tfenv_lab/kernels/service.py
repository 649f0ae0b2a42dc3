"""Register environments as kernels, and keep their kernelspecs up to date."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..conda.prefix.activation import environment_variables, inherited_digest, inherited_names, sources
from ..conda.prefix.state import fingerprint
from ..disk.reads import BoundedReads
from ..environments import facts
from ..environments.models import EnvironmentFacts, Kernel
from ..errors import InvalidRequest
from ..models import Advice
from . import building, conda_manager, kernelspecs, naming, settings
from .building import Built, KernelContext
from .kernelspecs import Kernelspec
from .naming import KernelNames

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings


@dataclass(frozen=True)
class _Registration:
    """The arguments of a registration; None keeps the last value, or uses the default."""

    name: str | None = None
    env: Mapping[str, str] | None = None


class KernelService(LoggingConfigurable):
    """Service that registers and unregisters kernelspecs in the user's kernel directory.

    ``prefixes`` returns every environment (ids depend on all of them), and whether conda lists it. ``display_name`` is
    the trait ``kernel_display_name``, ``manager`` the server's kernelspec manager and ``sessions`` its session manager.
    The service changes only kernelspecs with our mark.
    """

    def __init__(
        self,
        settings: CondaSettings,
        *,
        prefixes: Callable[[], Mapping[Path, bool]],
        display_name: str = "{name} (TensorFlow {tensorflow})",
        envs_dir: Path | None = None,
        manager: Any = None,
        sessions: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.prefixes = prefixes
        self.display_name = display_name
        self.envs_dir = envs_dir
        self.manager = manager
        self._sessions = sessions
        self._lock = threading.Lock()
        self._cache = kernelspecs.Cache()
        #: Our kernelspecs as of the last list, and the state for which each prefix was last named outdated.
        self._listed: list[Kernelspec] = []
        self._named: dict[str, tuple[str, ...]] = {}
        self._activations: BoundedReads[Path, str | None] = BoundedReads(_activation)
        self._there: BoundedReads[Path, bool] = BoundedReads(lambda prefix: prefix.parent.is_dir())
        conda_manager.show_once(manager)
        self._trouble = conda_manager.trouble(manager)
        if self._trouble:
            self.log.warning("%s", self._trouble)

    async def register(self, prefix: Path, name: str | None = None, env: Mapping[str, str] | None = None) -> Kernel:
        """Register a kernel for each of the environment's own kernelspecs, and return the first: Python's, if any.

        ``name`` is the environment's name. ``env`` are variables to set in addition to activation's; if it is None,
        those of the last registration stay. Raises InvalidRequest if the environment has no kernelspec, or if the id
        belongs to a kernelspec that is not ours.
        """
        return await asyncio.to_thread(self._register, prefix, name, env)

    async def change(
        self, prefix: Path, name: str, wanted: Mapping[str, bool], env: Mapping[str, str] | None = None
    ) -> Kernel:
        """Register the environment again with these kernel settings (``settings.py``) on or off; others stay unchanged.

        ``env`` are the variables to begin with; if it is None, those of the last registration.
        Raises InvalidRequest as ``register`` does, and if nb_conda_kernels shows its own kernelspecs instead.
        """
        if wanted and conda_manager.is_active(self.manager):
            raise InvalidRequest(
                "Kernel settings are not available, because nb_conda_kernels manages the kernel of this environment.",
                hint="Set a variable of the environment with “conda env config vars set NAME=value”.",
            )
        if env is None:
            env = await asyncio.to_thread(self._added, prefix) or {}
        return await self.register(prefix, name, settings.changed(env, wanted, prefix))

    async def unregister(self, prefix: Path) -> None:
        """Remove the kernelspecs that were registered for this prefix, even if it no longer exists."""
        await asyncio.to_thread(self._unregister, prefix)

    async def reconcile(self, prefixes: Iterable[Path] | None = None) -> None:
        """Bring our kernelspecs (of ``prefixes``, or all) up to date with their environments.

        Removes those of deleted environments, and rewrites those whose environment or id changed.
        """
        await asyncio.to_thread(self._reconcile, prefixes)

    async def kernel_of(self, prefix: Path) -> Kernel | None:
        """Return the kernel of this prefix, or None if it has none."""
        return await asyncio.to_thread(lambda: self.registered().get(self._cache.reals.of_one(str(prefix))))

    async def variables_of(self, prefix: Path) -> dict[str, str] | None:
        """Return the variables that the kernel of a prefix has in addition to activation's; None if it has no kernel.

        If the kernelspec is not ours, these are the variables of kernel settings.
        """
        return await asyncio.to_thread(self._variables_of, prefix)

    async def notebooks_in(self, prefix: Path) -> list[str]:
        """Return the paths of the notebooks whose running kernels use a prefix."""
        kernel = None if self._sessions is None else await self.kernel_of(prefix)
        if kernel is None:
            return []
        sessions = await self._sessions.list_sessions()
        return [s["path"] for s in sessions if (s.get("kernel") or {}).get("name") == kernel.name]

    def registered(self) -> dict[str, Kernel]:
        """Return one kernel for each environment, by the real path of its prefix.

        Prefers our kernelspecs to other ones, and Python's to those of other languages. Reads the disk, but opens only
        the kernelspecs that changed since the last call.
        """
        # A kernel that nb_conda_kernels shows takes precedence over ours.
        shown = [(str(prefix), kernel) for prefix, kernel in conda_manager.kernels(self.manager)]
        reals = self._cache.reals.of(prefix for prefix, _ in shown)
        found = {reals[prefix]: (-1, kernel) for prefix, kernel in shown}
        everywhere = [each.spec for each in self._cache.everywhere()]
        environments = self._cache.environments(everywhere)
        self._listed = [spec for spec in everywhere if spec.mark]
        for spec in everywhere:
            real = environments.get(spec.name)
            if real is None:
                continue
            rank, raw = (0, str(spec.mark["kernel"])) if spec.mark else (2, spec.name)
            rank += 0 if raw.startswith("python") else 1
            if real not in found or rank < found[real][0]:
                variables = spec.spec.get("env")
                place = Path(spec.mark["prefix"] if spec.mark else real)
                held = settings.names(variables, place) if isinstance(variables, dict) else ()
                found[real] = (rank, _shown(spec.name, spec.display_name, held))
        return {real: kernel for real, (_, kernel) in found.items()}

    def outdated(self) -> list[Path]:
        """Return the prefixes whose kernels, as ``registered`` last read them, need other variables now.

        The files that activation uses may have changed since, or the variables that it inherits. Names a prefix once
        for each state, so that two servers with different variables do not replace each other's kernelspecs all the
        time. Reads the disk.
        """
        marks = [(spec, spec.mark or {}) for spec in self._listed]
        states = self._activations.run(Path(mark["prefix"]) for _, mark in marks)
        result: dict[str, tuple[str, ...]] = {}
        for spec, mark in marks:
            state = states[Path(mark["prefix"])]
            if mark.get("format") != kernelspecs.FORMAT or not isinstance(state, str):
                continue
            inherited = _inherited(spec)
            if (state, inherited) != (mark.get("activation"), mark.get("inherited")):
                result[mark["prefix"]] = (*result.get(mark["prefix"], ()), state, inherited)
        found = [Path(prefix) for prefix, state in result.items() if self._named.get(prefix) != state]
        self._named.update(result)
        return found

    def trouble(self) -> str | None:
        """Return a warning if another part of the server deletes our kernelspecs, otherwise None."""
        return self._trouble

    def advice(self, found: EnvironmentFacts) -> list[Advice]:
        """Return the warning of ``trouble`` for an environment that has a kernel."""
        message = self.trouble() if found.kernels else None
        return [Advice("kernels-deleted", "warning", message)] if message else []

    def _register(self, prefix: Path, name: str | None, env: Mapping[str, str] | None) -> Kernel:
        if not kernelspecs.inside(prefix):
            raise InvalidRequest(
                "This environment has no kernel.",
                f"There is no kernelspec in {prefix / kernelspecs.INSIDE}",
                hint="Install the package ipykernel in the environment first.",
            )
        # Before writing, so that a new environment gets the name that nb_conda_kernels gives it.
        conda_manager.forget(self.manager, prefix, exists=True)
        with self._lock:
            written = self._write({prefix: _Registration(name, env)})
        conda_manager.forget(self.manager, prefix, exists=True)
        return written[prefix]

    def _unregister(self, prefix: Path) -> None:
        with self._lock:
            for spec in self._ours(prefix):
                kernelspecs.remove(spec)
        conda_manager.forget(self.manager, prefix, exists=(prefix / "conda-meta").is_dir())

    def _ours(self, prefix: Path) -> list[Kernelspec]:
        """Return the kernelspecs that were registered for an environment."""
        real, known = self._cache.reals.of_one(str(prefix)), list(kernelspecs.ours())
        places = self._cache.environments(known)
        return [spec for spec in known if places[spec.name] == real]

    def _added(self, prefix: Path) -> dict[str, str] | None:
        """Return the variables of the last registration, or None if the prefix is not registered."""
        ours = self._ours(prefix)
        marks = (found for spec in ours if isinstance(found := (spec.mark or {}).get("env"), dict))
        return kernelspecs.texts(next(marks, {})) if ours else None

    def _variables_of(self, prefix: Path) -> dict[str, str] | None:
        added = self._added(prefix)
        if added is not None:
            return added
        kernel = self.registered().get(self._cache.reals.of_one(str(prefix)))
        if kernel is None:
            return None
        theirs = (each.spec for each in self._cache.everywhere() if naming.listed_as(each.spec.name) == kernel.name)
        env = next((spec.spec.get("env") for spec in theirs), None)
        return settings.only(kernelspecs.texts(env))

    def _names(self, ours: Iterable[Kernelspec], more: Iterable[Path] = ()) -> KernelNames:
        known = {**dict.fromkeys(more, False), **self.prefixes()}
        others = [str(prefix) for prefix in known]
        active = conda_manager.listed(self.manager)
        if active is not None:
            names = naming.environment_names(active.prefixes, active.base, None, active.base_name, others)
            return KernelNames(names, active.base_name)
        root = self.settings.root_prefix
        listed = [str(prefix) for prefix, is_listed in known.items() if is_listed]
        # Without a base environment, envs_dir counts as the envs directory of one, so that an environment has the id
        # that it would have there.
        home = str(self.envs_dir) if self.envs_dir else None
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
        return {prefix: _shown(item.identifier, item.spec["display_name"]) for prefix, item in first.items()}

    def _build(
        self, prefix: Path, names: KernelNames, request: _Registration, known: list[Kernelspec], taken: set[str]
    ) -> list[Built]:
        real = self._cache.reals.of_one(str(prefix))
        places = self._cache.environments(known)
        # Take the fingerprint first, so that a change during the rest of the read is noticed next time.
        state, activation = _state(prefix), _activation(prefix) or ""
        marks = {mark["kernel"]: mark for spec in known if (mark := spec.mark) and places[spec.name] == real}
        titles = (str(mark["title"]) for mark in marks.values() if mark.get("title"))
        reading = facts.read(str(prefix), real)
        setting = KernelContext(
            prefix=prefix,
            names=names,
            title=Path(request.name).name if request.name else next(titles, prefix.name),
            facts=reading.facts if reading else EnvironmentFacts("", prefix),
            fingerprint=state,
            variables=environment_variables(prefix, self.settings.root_prefix),
            root=self.settings.root_prefix,
            inherits=inherited_names(prefix),
            activation=activation,
            display_name=self.display_name,
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

    def _reconcile(self, prefixes: Iterable[Path] | None) -> None:
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
            except (OSError, InvalidRequest) as error:
                self.log.warning("The kernels of %s could not be updated: %s", prefix, error)

    def _reconcile_one(self, prefix: Path, specs: list[Kernelspec], names: KernelNames) -> None:
        if not (prefix / "conda-meta").is_dir() or not kernelspecs.inside(prefix):
            self.log.info("Unregistering the kernels of %s: the environment or its own kernelspec is gone", prefix)
            self._unregister(prefix)
            return
        state = _state(prefix)
        is_known = str(prefix) in names.by_prefix
        ids = {names.id_of(prefix, own.name) for own in kernelspecs.inside(prefix)} if is_known else set()
        if ids == {spec.name for spec in specs} and all(_is_current(spec, state, self.display_name) for spec in specs):
            return
        with self._lock:
            self._write({prefix: _Registration()})
        conda_manager.forget(self.manager, prefix, exists=True)


def _shown(name: str, display_name: str, held: tuple[str, ...] = ()) -> Kernel:
    return Kernel(naming.listed_as(name), display_name, held)


def _is_current(spec: Kernelspec, state: str, display_name: str) -> bool:
    mark = spec.mark or {}
    wanted = (kernelspecs.FORMAT, state, display_name)
    if (mark.get("format"), mark.get("fingerprint"), mark.get("display_name")) != wanted:
        return False
    # An activation script may make something else of this server's variables than of those of an earlier one.
    return bool(mark.get("inherited") == _inherited(spec))


def _inherited(spec: Kernelspec) -> str:
    """Return what ``inherited`` would be in the mark of one of our kernelspecs, if this server had written it."""
    env, names = spec.spec.get("env"), (spec.mark or {}).get("inherits")
    known = map(str, names) if isinstance(names, list) else ()
    return inherited_digest(known, kernelspecs.texts(env))


def _activation(prefix: Path) -> str | None:
    """Return a digest that changes with the files that activation uses, or None if there is no environment."""
    if not (prefix / "conda-meta").is_dir():
        return None
    return hashlib.sha256(sources(prefix).encode()).hexdigest()[:32]


def _state(prefix: Path) -> str:
    """Return a digest that changes with an environment's packages and with the files that its activation uses."""
    return hashlib.sha256(f"{fingerprint(prefix)} {sources(prefix)}".encode()).hexdigest()[:32]
