"""Build the kernelspec for an environment: its own kernelspec, activated, with nb_conda_kernels' id."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..conda.prefix.activation import activate, inherited_digest, template
from ..conda.prefix.records import package_names
from ..environments.models import EnvironmentFacts
from . import at_start, icons, kernelspecs, naming
from .activations import Activation, skipped_in
from .freshness import activation_of
from .kernelspecs import Kernelspec
from .naming import KernelNames

#: conda packages with the interpreter of a language, which give the version in a display name.
INTERPRETERS = {"r": "r-base", "c++": "xeus-cling", "javascript": "nodejs", "bash": "bash_kernel"}
#: Names of ipykernel's kernelspecs.
USUAL = ("python3", "python2")


@dataclass(frozen=True)
class KernelContext:
    """The data that the kernelspecs of one environment have in common.

    ``names`` are nb_conda_kernels' names of all environments, and ``title`` is the name that users know. ``root`` is
    conda's root prefix. ``display_name`` is a format. ``excluded`` are patterns of the variables that kernelspecs must
    not contain.
    """

    prefix: Path
    names: KernelNames
    title: str
    facts: EnvironmentFacts
    activation: Activation
    display_name: str
    root: Path | None = None
    excluded: Sequence[str] = ()


@dataclass(frozen=True)
class Built:
    """A kernelspec that is ready to write: its id, the contents of ``kernel.json``, and its icons.

    ``resources`` is the directory of the environment's own icons, and ``drawn`` has icons of ours by the name of the
    file.
    """

    identifier: str
    spec: dict[str, Any]
    resources: Path
    drawn: Mapping[str, str] = field(default_factory=dict)


def _shown(setting: KernelContext, own: Kernelspec, taken: Collection[str]) -> str:
    language = str(own.spec.get("language") or "").lower()
    package = INTERPRETERS.get(language, language)
    interpreter = next((stem for stem in package_names(setting.prefix) if stem.name == package), None)
    tensorflow = setting.facts.tensorflow
    fields = {
        "name": setting.title,
        "environment": setting.names.of(setting.prefix),
        "language": naming.language_of(own.display_name),
        # The Python of an overlay is that of its base.
        "version": interpreter.version if interpreter else setting.facts.python if language == "python" else None,
        "tensorflow": tensorflow.version if tensorflow and language == "python" else None,
        "kernel": own.name,
        "conda_kernel": setting.names.id_of(setting.prefix, own.name),
        "display_name": own.display_name,
        "prefix": str(setting.prefix),
    }
    # Titles of two environments may be the same. nb_conda_kernels' names rarely are, and the prefixes never.
    for title in (setting.title, fields["environment"], str(setting.prefix)):
        shown = naming.display_name(setting.display_name, {**fields, "name": title})
        if shown not in taken:
            return shown
    return f"{shown} [{own.name}]"


def combined(own: Kernelspec, activation: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Return a kernel's variables: its own kernelspec's, overridden by activation's, overridden by a user's."""
    return {**kernelspecs.texts(own.spec.get("env")), **activation, **extra}


def permitted(env: Mapping[str, str], excluded: Sequence[str]) -> dict[str, str]:
    """Return the variables whose names match none of the patterns."""
    return {name: value for name, value in env.items() if not any(fnmatchcase(name, pattern) for pattern in excluded)}


def activated(spec: Kernelspec, base: Mapping[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    """Return the variables of one of our kernelspecs, exactly for a start with the variables ``base``.

    The values are templates; the names are those of variables to unset. If activation fails, or if an earlier version
    wrote the kernelspec, these are the variables in the kernelspec. Runs the scripts of activation, so call it in a
    thread.
    """
    before, mark = kernelspecs.texts(spec.spec.get("env")), spec.mark or {}
    if "root" not in mark:
        return before, frozenset()
    prefix, root, added = Path(mark["prefix"]), mark["root"], mark.get("env")
    extra = kernelspecs.texts(added)
    own = kernelspecs.read(prefix / kernelspecs.INSIDE / mark["kernel"])
    skipped = skipped_in(mark, activation_of(prefix)) if mark.get("skipped") else {}
    found = activate(prefix, Path(root) if root else None, base, skipped)
    if own is None or not found.complete:
        return before, frozenset()
    env = combined(own, {name: template(value) for name, value in found.variables.items()}, extra)
    return env, found.unset - extra.keys()


def build(
    setting: KernelContext, own: Kernelspec, extra: Mapping[str, str], taken: Collection[str], siblings: Sequence[str]
) -> Built:
    """Build the kernelspec for ``own``, one of the environment's own kernelspecs.

    ``extra`` are variables that a user added; they override those of activation. ``taken`` are the display names of
    other kernels, and ``siblings`` are the names of all kernelspecs of the environment.
    """
    added = naming.metadata(
        setting.names.of(setting.prefix),
        str(setting.prefix),
        own.name,
        own.display_name,
        running=str(setting.prefix) == sys.prefix,
        base_name=setting.names.base_name,
    )
    activation = setting.activation
    env = permitted(combined(own, activation.variables, extra), setting.excluded)
    mark = {
        "format": kernelspecs.FORMAT,
        "prefix": str(setting.prefix),
        "title": setting.title,
        "kernel": own.name,
        "siblings": list(siblings),
        "fingerprint": activation.state,
        "display_name": setting.display_name,
        "env": permitted(extra, setting.excluded),
        "root": str(setting.root) if setting.root else None,
        "activation": activation.digest,
        "inherits": list(activation.inherits),
        "inherited": inherited_digest(activation.inherits, env),
        "skipped": dict(activation.skipped),
        "excluded": list(setting.excluded),
    }
    before = own.spec.get("metadata")
    argv = kernelspecs.program(list(own.spec["argv"]), setting.prefix)
    spec = {
        **own.spec,
        "argv": at_start.wrapped(argv, setting.prefix) if activation.at_start else argv,
        "display_name": _shown(setting, own, taken),
        "env": env,
        "metadata": {**(before if isinstance(before, dict) else {}), **added, kernelspecs.MARK: mark},
    }
    return Built(setting.names.id_of(setting.prefix, own.name), spec, own.folder, _drawn(setting, own))


def _drawn(setting: KernelContext, own: Kernelspec) -> dict[str, str]:
    """Return the icons to draw. Only ipykernel's icon is the same in every environment; others are kept."""
    return {icons.NAME: icons.icon(setting.title)} if own.name in USUAL else {}
