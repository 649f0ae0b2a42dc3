"""Register environments as kernels, and keep their kernelspecs up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..environments.discovery import hash_of, id_of
from ..environments.models import EnvironmentFacts, Kernel
from ..errors import InvalidRequest, UnusableDirectory
from ..models import Advice
from ..sentences import joined, say
from . import conda_manager, kernelspecs, naming, settings
from .activations import skipped_sentence
from .freshness import OutdatedKernels
from .hidden import HiddenKernels
from .kernelspecs import Kernelspec
from .listed_kernelspecs import KernelspecCache
from .reconciler import KernelReconciler
from .registrar import KernelRegistrar
from .sessions import KernelSessions
from .written import WrittenKernels

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings

#: Why an environment that the trait ``kernel_filter`` matches has no kernel.
EXCLUDED = say("The server's configuration (kernel_filter) excludes this environment from the kernels.")


class KernelService(LoggingConfigurable):
    """Service that registers and unregisters kernelspecs in the user's kernel directory, and finds kernels.

    ``prefixes`` returns every environment (ids depend on all of them), and whether conda lists it. ``display_name`` is
    the trait ``kernel_display_name``, ``kernel_filter`` the trait of that name, ``excluded`` the trait
    ``kernel_variables_excluded``, ``hidden`` and ``written`` the directories that remember hidden environments and the
    kernelspecs that were written, ``manager`` the server's kernelspec manager and ``sessions`` its session manager.
    Only kernelspecs with our mark are changed.
    """

    def __init__(
        self,
        settings: CondaSettings,
        *,
        prefixes: Callable[[], Mapping[Path, bool]],
        display_name: str = "{name} (TensorFlow {tensorflow})",
        kernel_filter: str = "",
        excluded: Sequence[str] = (),
        hidden: Path | None = None,
        written: Path | None = None,
        envs_dir: Path | None = None,
        manager: Any = None,
        sessions: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._manager = manager
        self._cache = KernelspecCache()
        self.sessions = KernelSessions(sessions, self._cache, self._names_in)
        last = WrittenKernels(written)
        self._registrar = KernelRegistrar(
            settings,
            self._cache,
            last,
            prefixes=prefixes,
            display_name=display_name,
            excluded=excluded,
            envs_dir=envs_dir,
            manager=manager,
            log=self.log,
        )
        self._hidden = HiddenKernels(hidden)
        self._reconciler = KernelReconciler(
            self._registrar,
            self._cache,
            self._hidden,
            last,
            prefixes=prefixes,
            with_kernel=lambda: self.registered().keys(),
            kernel_filter=kernel_filter,
            display_name=display_name,
            excluded=excluded,
            manager=manager,
            log=self.log,
        )
        #: Our kernelspecs as of the last list, the ids of the environments with a kernel, and why none can be written.
        self._listed: list[Kernelspec] = []
        self._registered: frozenset[str] = frozenset()
        self._fault: UnusableDirectory | None = None
        #: Sentences about activation scripts that are skipped, by the id of the environment.
        self._skipped: dict[str, str] = {}
        self._outdated = OutdatedKernels()
        conda_manager.show_once(manager, self._is_shown)
        self._trouble = conda_manager.trouble(manager)
        if self._trouble:
            self.log.warning("%s", self._trouble)

    async def register(self, prefix: Path, name: str | None = None, env: Mapping[str, str] | None = None) -> Kernel:
        """Register a kernel for each of the environment's own kernelspecs, and return the first: Python's, if any.

        ``name`` is the environment's name. ``env`` are variables to set in addition to activation's; if it is None,
        those of the last registration stay. Raises InvalidRequest if the environment has no kernelspec, or if the id
        belongs to a kernelspec that is not ours, or if the configuration excludes the environment; UnusableDirectory if
        the kernel directory cannot be written. A hidden environment is shown again.
        """
        return await asyncio.to_thread(self._register, prefix, name, env)

    async def change(
        self, prefix: Path, name: str, wanted: Mapping[str, bool], env: Mapping[str, str] | None = None
    ) -> Kernel:
        """Register the environment again with these kernel settings (``settings.py``) on or off; others stay unchanged.

        ``env`` are the variables to begin with; if it is None, those of the last registration.
        Raises InvalidRequest as ``register`` does, and if nb_conda_kernels shows its own kernelspecs instead.
        """
        if wanted and conda_manager.is_active(self._manager):
            raise InvalidRequest(
                say(
                    "Kernel settings are not available, because nb_conda_kernels manages the kernel "
                    "of this environment."
                ),
                hint=say("Set a variable of the environment with “conda env config vars set NAME=value”."),
            )
        if env is None:
            env = await asyncio.to_thread(self._registrar.added, prefix) or {}
        return await self.register(prefix, name, settings.changed(env, wanted, prefix))

    async def unregister(self, prefix: Path) -> None:
        """Remove the kernelspecs that were registered for a prefix that no longer exists."""
        await asyncio.to_thread(self._registrar.unregister, prefix)
        await asyncio.to_thread(self._hidden.show, prefix)

    async def hide(self, prefix: Path) -> None:
        """Remove the kernelspecs of an environment, and register none until a user asks for it.

        Raises UnusableDirectory if the kernel directory cannot be written.
        """
        await asyncio.to_thread(self._hide, prefix)

    async def is_hidden(self, prefix: Path) -> bool:
        """Return whether a user hides an environment from the launcher."""
        return await asyncio.to_thread(lambda: id_of(prefix) in self._hidden.ids())

    async def reconcile(self, prefixes: Iterable[Path] | None = None) -> None:
        """Bring our kernelspecs (of ``prefixes``, or all) up to date with their environments.

        Registers the environments that have a kernel, removes the kernelspecs of deleted, hidden and excluded
        environments, and rewrites those whose environment or id changed.
        """
        await asyncio.to_thread(self._reconciler.reconcile, prefixes)

    def unregistered(self, candidates: Iterable[Path]) -> list[Path]:
        """Return those of the environments without a kernel that ``reconcile`` would register. Reads the disk."""
        return self._reconciler.wanting(candidates)

    def hidden(self) -> frozenset[str]:
        """Return the ids of the environments that a user hides from the launcher. Reads the disk."""
        return self._hidden.ids()

    async def kernel_of(self, prefix: Path) -> Kernel | None:
        """Return the kernel of this prefix, or None if it has none."""
        return await asyncio.to_thread(lambda: self.registered().get(self._cache.reals.of_one(str(prefix))))

    async def variables_of(self, prefix: Path) -> dict[str, str] | None:
        """Return the variables that the kernel of a prefix has in addition to activation's; None if it has no kernel.

        If the kernelspec is not ours, these are the variables of kernel settings.
        """
        return await asyncio.to_thread(self._variables_of, prefix)

    async def names_in(self, prefix: Path) -> list[str]:
        """Return the names of all kernels of a prefix."""
        real = await asyncio.to_thread(self._cache.reals.of_one, str(prefix))
        return sorted(await asyncio.to_thread(self._names_in, real))

    def registered(self) -> dict[str, Kernel]:
        """Return one kernel for each environment, by the real path of its prefix.

        Prefers our kernelspecs to other ones, and Python's to those of other languages. Reads the disk, but opens only
        the kernelspecs that changed since the last call.
        """
        # A kernel that nb_conda_kernels shows takes precedence over ours.
        theirs = [(str(prefix), kernel) for prefix, kernel in conda_manager.kernels(self._manager)]
        shown = [(prefix, kernel) for prefix, kernel in theirs if self._is_shown(prefix)]
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
                found[real] = (rank, Kernel(naming.listed_as(spec.name), spec.display_name, held))
        self._registered, self._fault = frozenset(map(hash_of, found)), kernelspecs.fault()
        self._skipped = {
            hash_of(environments[spec.name]): text for spec in self._listed if (text := skipped_sentence(spec))
        }
        return {real: kernel for real, (_, kernel) in found.items()}

    def outdated(self) -> list[Path]:
        """Return the prefixes whose kernels, as ``registered`` last read them, need other variables now.

        Names a prefix once for each state. Reads the disk.
        """
        return self._outdated.among(self._listed)

    def trouble(self) -> str | None:
        """Return a warning if kernelspecs are deleted by another part of the server, or cannot be written."""
        return self._trouble or (self._fault.message if self._fault else None)

    def advice(self, found: EnvironmentFacts) -> list[Advice]:
        """Return the warnings for an environment whose kernel is deleted again, not registered, or excluded."""
        if not found.kernels:
            return []
        if self._trouble:
            return [Advice("kernels-deleted", "warning", self._trouble)]
        if self._reconciler.is_filtered(found.prefix):
            return [Advice("kernel-excluded", "info", EXCLUDED)]
        skipped = self._skipped.get(found.id)
        if skipped:
            return [Advice("activation-script", "warning", skipped)]
        if self._fault and found.id not in self._registered:
            # The status has the warning, so that the rows of all environments need not repeat it.
            return [Advice("kernel-not-registered", "info", joined(" ", (self._fault.message, self._fault.hint)))]
        return []

    def _register(self, prefix: Path, name: str | None, env: Mapping[str, str] | None) -> Kernel:
        if self._reconciler.is_filtered(prefix):
            raise InvalidRequest(EXCLUDED, hint=say("Ask the administrator to change TfenvLab.kernel_filter."))
        kernel = self._registrar.register(prefix, name, env)
        # Only now, so that a failed registration changes nothing.
        self._hidden.show(prefix)
        return kernel

    def _hide(self, prefix: Path) -> None:
        # The choice comes first: otherwise another thread could register the environment again.
        self._hidden.hide(prefix)
        try:
            self._registrar.unregister(prefix)
        except BaseException:
            self._hidden.show(prefix)
            raise

    def _is_shown(self, prefix: str) -> bool:
        hidden = self._hidden.ids()
        return not hidden or hash_of(self._cache.reals.of_one(prefix)) not in hidden

    def _names_in(self, real: str) -> set[str]:
        """Return the names of all kernels of the environment with this real path. Reads the disk."""
        specs = [each.spec for each in self._cache.everywhere()]
        found = {naming.listed_as(name) for name, place in self._cache.environments(specs).items() if place == real}
        kernel = self.registered().get(real)
        return found | ({naming.listed_as(kernel.name)} if kernel else set())

    def _variables_of(self, prefix: Path) -> dict[str, str] | None:
        added = self._registrar.added(prefix)
        if added is not None:
            return added
        kernel = self.registered().get(self._cache.reals.of_one(str(prefix)))
        if kernel is None:
            return None
        theirs = (each.spec for each in self._cache.everywhere() if naming.listed_as(each.spec.name) == kernel.name)
        env = next((spec.spec.get("env") for spec in theirs), None)
        return settings.only(kernelspecs.texts(env))
