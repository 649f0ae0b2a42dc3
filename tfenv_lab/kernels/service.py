"""Makes environments kernels, and keeps those kernels true to their environments."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..conda.activation import environment_variables
from ..conda.prefix import fingerprint, package_names
from ..environments.facts import TENSORFLOW_PACKAGES
from ..environments.models import Kernel
from ..errors import InvalidRequest
from . import kernelspecs, naming
from .kernelspecs import Kernelspec

if TYPE_CHECKING:
    from ..conda.condarc import CondaSettings

#: conda packages that hold the interpreter of a language, for the version in a display name.
INTERPRETERS = {"python": "python", "r": "r-base", "julia": "julia", "ruby": "ruby", "scala": "scala"}


class KernelService(LoggingConfigurable):
    """Registers and removes kernelspecs in the user's kernel directory.

    ``prefixes`` returns every known prefix (ids depend on all of them); ``display_name`` is the trait
    ``kernel_display_name``. Everything touches only kernelspecs that carry our mark.
    """

    def __init__(
        self,
        settings: CondaSettings,
        *,
        prefixes: Callable[[], Iterable[Path]],
        display_name: str = "{name} (TensorFlow {tensorflow})",
        envs_dir: Path | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.prefixes = prefixes
        self.display_name = display_name
        self.envs_dir = envs_dir
        self._lock = threading.Lock()

    async def register(self, prefix: Path, name: str | None = None) -> Kernel:
        """Make the environment a kernel (one for each kernelspec it has) and return the first.

        ``name`` is the environment's name; its directory's if not given. Raises InvalidRequest where the
        environment has no kernel to register.
        """
        return await asyncio.to_thread(self._register, prefix, name)

    async def unregister(self, prefix: Path) -> None:
        """Remove the kernelspecs that were registered for this prefix, whether it still exists or not."""
        await asyncio.to_thread(self._unregister, prefix)

    async def reconcile(self, prefixes: Iterable[Path] | None = None) -> None:
        """Bring our kernelspecs in line:

        those of vanished environments go, those of changed ones are rewritten.
        """
        await asyncio.to_thread(self._reconcile, prefixes)

    async def kernel_of(self, prefix: Path) -> Kernel | None:
        """Return the kernel that runs this prefix, or None."""
        return (await asyncio.to_thread(self.registered)).get(os.path.realpath(prefix))

    def registered(self) -> dict[str, Kernel]:
        """Return our kernels by the real path of their prefix (of several for one prefix Python's)."""
        found: dict[str, Kernel] = {}
        for spec in kernelspecs.ours(kernelspecs.user_folder()):
            mark = spec.mark or {}
            real = os.path.realpath(mark["prefix"])
            if real not in found or str(mark.get("kernel", "")).startswith("python"):
                found[real] = Kernel(spec.name, spec.display_name)
        return found

    def _names(self, prefix: Path) -> dict[str, str]:
        root = self.settings.root_prefix
        known = {str(path) for path in self.prefixes()} | {str(prefix)}
        # An environment made here counts as in the base's envs where no base is: its id is the one it would
        # have there.
        return naming.environment_names(
            known, str(root) if root else None, str(self.envs_dir) if self.envs_dir else None
        )

    def _register(self, prefix: Path, name: str | None) -> Kernel:
        specs = kernelspecs.inside(prefix)
        if not specs:
            raise InvalidRequest(
                "This environment has no kernel; install ipykernel in it first.", f"No kernelspec in {prefix}"
            )
        with self._lock:
            written = self._write(prefix, specs, name)
        return written[0]

    def _write(self, prefix: Path, specs: Sequence[Kernelspec], name: str | None) -> list[Kernel]:
        folder = kernelspecs.user_folder()
        names = self._names(prefix)
        environment = names[str(prefix)]
        known = list(kernelspecs.ours(folder))
        earlier = [spec for spec in known if _same(spec, prefix)]
        variables = environment_variables(prefix, self.settings.root_prefix)
        written = []
        for own in specs:
            identifier = naming.kernel_id(environment, own.name)
            before = next((spec for spec in earlier if (spec.mark or {}).get("kernel") == own.name), None)
            extra = dict((before.mark or {}).get("env") or {}) if before else {}
            taken = {spec.display_name for spec in known if not _same(spec, prefix)}
            spec = self._build(prefix, own, environment, identifier, name, taken)
            spec["env"] = {**own.spec.get("env", {}), **variables, **extra}
            spec["metadata"][kernelspecs.MARK] = {
                "format": kernelspecs.FORMAT,
                "prefix": str(prefix),
                "name": name,
                "kernel": own.name,
                "fingerprint": fingerprint(prefix),
                "env": extra,
            }
            target = folder / identifier
            existing = kernelspecs.read(target)
            if existing is not None and existing.mark is None:
                raise InvalidRequest(
                    f"A kernel that was not made here is already called {identifier}.", str(target)
                )
            kernelspecs.write(target, spec, own.folder)
            written.append(Kernel(identifier, spec["display_name"]))
        current = {kernel.name for kernel in written}
        for outdated in earlier:
            if outdated.name not in current:
                kernelspecs.remove(outdated)
        return written

    def _build(
        self,
        prefix: Path,
        own: Kernelspec,
        environment: str,
        identifier: str,
        name: str | None,
        taken: set[str],
    ) -> dict[str, Any]:
        stems = {stem.name: stem for stem in package_names(prefix)}
        language = str(own.spec.get("language") or "").lower()
        interpreter = stems.get(INTERPRETERS.get(language, language))
        tensorflow = next(
            (stems[package].version for package in TENSORFLOW_PACKAGES if package in stems), None
        )
        fields = {
            "name": Path(name).name if name else prefix.name,
            "environment": environment,
            "language": naming.language_of(own.display_name),
            "version": interpreter.version if interpreter else None,
            "tensorflow": tensorflow if language == "python" else None,
            "kernel": own.name,
            "conda_kernel": identifier,
            "display_name": own.display_name,
            "prefix": str(prefix),
        }
        shown = naming.display_name(self.display_name, fields)
        if shown in taken:
            # nb_conda_kernels' names differ wherever prefixes do.
            shown = naming.display_name(self.display_name, {**fields, "name": environment})
        added = naming.metadata(
            environment, str(prefix), own.name, own.display_name, running=str(prefix) == sys.prefix
        )
        return {
            **own.spec,
            "argv": kernelspecs.program(list(own.spec["argv"]), prefix),
            "display_name": shown,
            "metadata": {**own.spec.get("metadata", {}), **added},
        }

    def _unregister(self, prefix: Path) -> None:
        with self._lock:
            for spec in list(kernelspecs.ours(kernelspecs.user_folder())):
                if _same(spec, prefix):
                    kernelspecs.remove(spec)

    def _reconcile(self, prefixes: Iterable[Path] | None) -> None:
        wanted = None if prefixes is None else {os.path.realpath(prefix) for prefix in prefixes}
        done = set()
        for spec in list(kernelspecs.ours(kernelspecs.user_folder())):
            mark = spec.mark or {}
            prefix = Path(mark["prefix"])
            real = os.path.realpath(prefix)
            if real in done or (
                wanted is not None and real not in wanted and (prefix / "conda-meta").is_dir()
            ):
                continue
            done.add(real)
            self._reconcile_one(prefix, spec, mark)

    def _reconcile_one(self, prefix: Path, spec: Kernelspec, mark: dict[str, Any]) -> None:
        try:
            own = kernelspecs.inside(prefix) if (prefix / "conda-meta").is_dir() else []
            if not own:
                self.log.info("Removing the kernel %s: its environment %s is gone", spec.name, prefix)
                self._unregister(prefix)
            elif mark.get("format") != kernelspecs.FORMAT or mark.get("fingerprint") != fingerprint(prefix):
                with self._lock:
                    self._write(prefix, own, mark.get("name"))
        except (OSError, InvalidRequest) as error:
            self.log.warning("The kernel %s could not be brought in line: %s", spec.name, error)


def _same(spec: Kernelspec, prefix: Path) -> bool:
    mark = spec.mark
    return mark is not None and os.path.realpath(mark["prefix"]) == os.path.realpath(prefix)
