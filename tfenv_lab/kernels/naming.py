"""Name kernels as nb_conda_kernels does, so that notebooks work on machines with either of the two.

The rules are those of nb_conda_kernels 2.5 (``CondaKernelSpecManager._all_envs`` and ``_all_specs``). Paths are
strings, as in its code.
"""

# ruff: noqa: PTH118, PTH119, PTH120
from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: nb_conda_kernels' own format; users see that of the trait ``kernel_display_name``.
PLAIN_FORMAT = "{name} ({language} {version})"
#: Fields of a display name's format. The positional fields are nb_conda_kernels': language and environment.
FIELDS = (
    "name", "environment", "language", "version", "tensorflow", "kernel", "conda_kernel", "display_name", "prefix",
)  # fmt: skip
SHORT = {"python2": "py", "python3": "py", "ir": "r"}


def clean(name: str) -> str:
    """Return a name with the characters that Jupyter allows in ids: drop accents, replace anything else with ``_``."""
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name)
        name = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.sub(r"[^a-zA-Z0-9._\-]", "_", name)


def environment_names(
    prefixes: Iterable[str],
    base: str | None,
    envs_dir: str | None = None,
    base_name: str = "base",
    others: Iterable[str] = (),
) -> dict[str, str]:
    """Return nb_conda_kernels' name of every environment, by prefix.

    ``prefixes`` are all that conda lists, sorted as conda lists them; each name depends on those before it. ``others``
    are unknown to conda and named last, so that they change no other name. ``base`` is conda's root prefix. If there is
    none, ``envs_dir`` counts as the ``envs`` of a base, so that its environments have the names that they would have
    there.
    """
    home = os.path.join(base, "envs") if base else envs_dir
    build = os.path.join(base, "conda-bld", "") if base else None
    ordered = sorted(set(prefixes))
    if base and base not in ordered:
        ordered.insert(0, base)
    ordered += sorted(set(others).difference(ordered))
    taken: dict[str, str] = {}
    for prefix in ordered:
        if prefix == base:
            name = base_name
        elif build and prefix.startswith(build):
            continue
        else:
            parent, name = os.path.split(prefix)
            if os.path.basename(parent) == "envs" and (parent != home or name in taken):
                name = f"{os.path.basename(os.path.dirname(parent))}-{name}"
        if name in taken:
            # The counter starts at 2; at most len(taken) names are in use, so one of these is free.
            name = next(found for i in range(len(taken) + 1) if (found := f"{name}-{i + 2}") not in taken)
        taken[name] = prefix
    return {prefix: name for name, prefix in taken.items()}


def listed_as(identifier: str) -> str:
    """Return the name under which Jupyter lists a kernelspec directory: Jupyter ignores case."""
    return identifier.lower()


def apart(names: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
    """Return the names, with a counter added to those whose kernel ids would be the same as another's.

    That happens if names differ only in case, or in characters that an id cannot contain; of the latter,
    nb_conda_kernels shows only one. An environment that already has the name (``held``, by prefix) keeps it; otherwise
    its notebooks would open in the other one.
    """
    taken: set[str] = set()
    result = {}
    for prefix, name in sorted(names.items(), key=lambda item: held.get(item[0]) != item[1]):
        free = (name if i == 1 else f"{name}-{i}" for i in itertools.count(1))
        result[prefix] = next(found for found in free if listed_as(clean(found)) not in taken)
        taken.add(listed_as(clean(result[prefix])))
    return result


@dataclass(frozen=True)
class KernelNames:
    """nb_conda_kernels' names of environments, by prefix; ``base_name`` is its name for the base environment."""

    by_prefix: Mapping[str, str]
    base_name: str = "base"

    def of(self, prefix: Path) -> str:
        """Return the name of an environment, or the name of its directory if the environment is unknown."""
        return self.by_prefix.get(str(prefix), prefix.name)

    def id_of(self, prefix: Path, kernel: str) -> str:
        """Return the id of the kernelspec ``kernel`` in the environment at ``prefix``."""
        return kernel_id(self.of(prefix), kernel, self.base_name)


def kernel_id(name: str, kernel: str, base_name: str = "base") -> str:
    """Return the id of the kernelspec ``kernel`` in the environment that nb_conda_kernels calls ``name``."""
    kind = "" if name == base_name else "env-"
    return clean(f"conda-{kind}{name}-{SHORT.get(kernel, kernel)}")


def language_of(display_name: str) -> str:
    """Return nb_conda_kernels' name of the language: ``Python``, or a kernel's whole display name."""
    return "Python" if display_name.startswith("Python") else display_name


def metadata(
    name: str, prefix: str, kernel: str, display_name: str, *, running: bool, base_name: str = "base"
) -> dict[str, Any]:
    """Return the metadata that nb_conda_kernels adds to a kernelspec; ``running`` marks the server's own prefix."""
    return {
        "conda_env_name": name,
        "conda_env_path": prefix,
        "conda_language": language_of(display_name),
        "conda_raw_kernel_name": kernel,
        "conda_is_base_environment": name == base_name,
        "conda_is_currently_running": running,
    }


def is_format(form: str) -> bool:
    """Return whether ``display_name`` can fill in a format if every field has a value."""
    try:
        return bool(form.format("language", "environment", **{field: field for field in FIELDS}).strip())
    except (LookupError, ValueError, AttributeError, TypeError, OverflowError, MemoryError):
        return False


def display_name(form: str, fields: Mapping[str, str | None]) -> str:
    """Return the name that users see, using ``PLAIN_FORMAT`` if the format has a field without a value.

    A format may use the fields in ``FIELDS``. They include those of nb_conda_kernels' ``name_format``, with its
    positional ones (language, environment).
    """
    known = {key: value for key, value in fields.items() if value}
    for pattern in (form, PLAIN_FORMAT, "{name} ({language})"):
        try:
            return pattern.format(known.get("language", ""), known.get("environment", ""), **known)
        except (KeyError, IndexError, ValueError):
            continue
    return str(fields["name"])
