"""Read the files in which people list what they need: environment.yml, pixi.toml and anaconda-project.yml."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tomli

from ...errors import InvalidRequest
from ...pypi import named_places
from ...sentences import joined, listing, listing_n, say
from ..settings.channels import NODEFAULTS
from ..solving import specs
from .model import ANACONDA_PROJECT, ENVIRONMENT_YML, PIXI_TOML, Imported, index_lock, requirements
from .untrusted import as_list, as_mapping, as_text, environment_variables, require_few

if TYPE_CHECKING:
    from ..solving.grammar import Parts

#: The section of an environment.yml with the indexes of the packages of pip, as conda-lock reads it.
_INDEXES = "pip-repositories"
_KNOWN = {"name", "channels", "dependencies", "prefix", "variables", "platforms", "category", _INDEXES}
#: Sections of an anaconda-project.yml that describe the project, not its environment.
_OF_PROJECT = {"commands", "downloads", "services", "icon", "description", "user_fields", "packages", "env_specs"}


def environment_yml(data: Mapping[str, Any], format_: str = ENVIRONMENT_YML) -> Imported:
    """Return the specs of an environment.yml, or of an anaconda-project.yml, whose packages are in ``packages``."""
    section = "dependencies" if format_ == ENVIRONMENT_YML else "packages"
    ignored = set(as_mapping(data, "file")) - _KNOWN - (_OF_PROJECT if format_ == ANACONDA_PROJECT else set())
    items: list[Any] = list(as_list(data.get(section), section))
    channels = list(_channels(data.get("channels")))
    notes = []
    if format_ == ANACONDA_PROJECT:
        items += as_list(data.get("dependencies"), "dependencies")
        environments = as_mapping(data.get("env_specs"), "env_specs")
        if environments:
            name = next(iter(environments))
            first = as_mapping(environments[name], name)
            items += as_list(first.get("packages"), "packages")
            channels += _channels(first.get("channels"))
            if len(environments) > 1:
                notes.append(
                    say(
                        "The file has several environments: {environments}. Taken: {name}.",
                        environments=", ".join(environments),
                        name=name,
                    )
                )
    require_few(len(items))
    wanted, by_pip = _items(items, section)
    require_few(len(wanted) + len(by_pip))
    if ignored:
        sections = [f"“{key[:40]}”" for key in sorted(ignored)]
        notes.append(listing_n("The section {items} is ignored.", "The sections {items} are ignored.", sections))
    values = data.get("variables")
    # In an anaconda-project.yml, a list names variables that the user is asked for.
    variables, others = environment_variables(values if isinstance(values, dict) else None)
    if isinstance(values, list) and values:
        others.append(
            say(
                "These variables have no value in the file and are not set: {names}.", names=", ".join(map(str, values))
            )
        )
    # conda-lock reads the indexes of pip's packages from here.
    places = [as_text(each, _INDEXES) for each in as_list(data.get(_INDEXES), _INDEXES)]
    return _imported(format_, wanted, channels, by_pip, [*notes, *others], variables, places)


def _items(items: Sequence[Any], section: str) -> tuple[list[str], list[str]]:
    wanted: list[str] = []
    by_pip: list[str] = []
    for item in items:
        if isinstance(item, dict):
            for manager, lines in as_mapping(item, section).items():
                if manager != "pip":
                    raise InvalidRequest(
                        say(
                            "“{section}” has a section “{manager}”; only “pip” is supported.",
                            section=section,
                            manager=manager[:40],
                        )
                    )
                by_pip += [as_text(line, "pip") for line in as_list(lines, "pip")]
        else:
            wanted.append(as_text(item, section))
    return wanted, by_pip


def _imported(
    format_: str,
    wanted: Sequence[str],
    channels: Sequence[str],
    by_pip: Sequence[str],
    notes: Sequence[str],
    variables: Mapping[str, str] | None = None,
    places: Sequence[str] = (),
) -> Imported:
    pypi, skipped = requirements(by_pip)
    if not wanted and pypi:
        # As in conda, a section for pip brings pip.
        wanted = ["python", "pip"]
    if not wanted:
        raise InvalidRequest(say("The file requests no conda packages."), hint=joined(" ", skipped) or None)
    # A spec's channel is added to the channels; the channel priority decides where each package comes from.
    parts = [specs.parts_of(spec) for spec in wanted]
    named = [each.channel for each in parts if each.channel is not None]
    # nodefaults means that conda's default channels are not added; here they never are.
    both = [channel for channel in dict.fromkeys((*channels, *named)) if channel != NODEFAULTS]
    told = (*skipped, *notes, *_without_effect(parts, both))
    index = index_lock(by_pip, places)
    return Imported(format_, tuple(both), tuple(wanted), pypi=pypi, notes=told, variables=variables or {}, index=index)


def _channels(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        raise InvalidRequest(say("“channels” must be a list: write one item per line, after a hyphen."))
    return tuple(as_text(channel, "channels") for channel in as_list(value, "channels"))


def _without_effect(parts: Sequence[Parts], channels: Sequence[str]) -> list[str]:
    """Return sentences on what specs say that does not count."""
    notes: list[str] = []
    those = [each.name for each in parts if each.channel is not None]
    if len(channels) > 1 and those:
        notes.append(
            listing(
                "The channels in the specs of {items} are not binding: the channel priority "
                "decides where a package comes from.",
                those,
            )
        )
    subdirs = [f"{each.name} ({each.subdir})" for each in parts if each.subdir is not None]
    if subdirs:
        notes.append(listing("The platforms in these specs are ignored: {items}.", subdirs))
    ignored = [f"{each.name} {word}" for each in parts for word in each.ignored]
    if ignored:
        notes.append(
            listing(
                "As in conda, these parts of specs have no effect: {items}. Extras in brackets "
                "belong in the “pip:” section.",
                ignored,
            )
        )
    return notes


def is_pixi_toml(text: str) -> bool:
    """Return whether a text is a manifest of pixi, or a pyproject.toml with one."""
    tables = re.findall(r"^\[+\s*([\w.-]+)", text, re.MULTILINE)
    first = {name.partition(".")[0] for name in tables}
    if any(name.startswith("tool.pixi.") for name in tables):
        return True
    # Cargo and other tools have tables of these names, too.
    has_channels = bool(first & {"workspace", "project"}) and bool(re.search(r"^\s*channels\s*=", text, re.MULTILINE))
    # Its reader names the mistake in a manifest that is only project or workspace.
    is_damaged = bool(first) and first <= {"workspace", "project"} and not _is_toml(text)
    return has_channels or is_damaged or ("dependencies" in first and first <= _PIXI_TABLES)


def _is_toml(text: str) -> bool:
    try:
        tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError):
        return False
    return True


#: The tables of a pixi.toml, or of a part of one.
_PIXI_TABLES = {"workspace", "project", "dependencies", "pypi-dependencies", "host-dependencies", "build-dependencies"}
_PIXI_TABLES |= {"tasks", "target", "feature", "environments", "activation", "system-requirements", "pypi-options"}


def pixi_toml(text: str, subdir: str) -> Imported:
    """Return the specs of the default environment in a pixi.toml, or in the part of a pyproject.toml that is pixi's."""
    if sys.version_info < (3, 11):
        raise InvalidRequest(say("Reading a pixi.toml needs Python 3.11 or newer for the server."))
    tomllib = importlib.import_module("tomllib")
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidRequest(say("The file is not valid TOML."), str(error)) from error
    tool = data.get("tool")
    # In a pyproject.toml, pixi also installs what the project itself depends on.
    of_project = None
    if isinstance(tool, dict) and isinstance(tool.get("pixi"), dict):
        of_project = as_mapping(data.get("project"), "project").get("dependencies")
        data = tool["pixi"]
    project = as_mapping(data.get("workspace") or data.get("project"), "workspace")
    target = as_mapping(as_mapping(data.get("target"), "target").get(subdir), subdir)
    tables = [as_mapping(each.get("dependencies"), "dependencies") for each in (data, target)]
    notes: list[str] = []
    wanted = [_spec(name, value, notes) for table in tables for name, value in table.items()]
    by_pip = [as_text(each, "dependencies") for each in as_list(of_project, "dependencies")]
    by_pip += [
        f"{name}{'' if value == '*' else value}" if isinstance(value, str) else f"{name} @ {value}"
        for each in (data, target)
        for name, value in as_mapping(each.get("pypi-dependencies"), "pypi-dependencies").items()
    ]
    for key in ("feature", "environments", "tasks", "system-requirements", "build-dependencies", "host-dependencies"):
        if data.get(key) and key != "tasks":
            notes.append(say("The section “{key}” is ignored; only the default environment is read.", key=key))
    channels = [
        as_text(each.get("channel") if isinstance(each, dict) else each, "channels")
        for each in as_list(project.get("channels"), "channels")
    ]
    activation = as_mapping(data.get("activation"), "activation")
    variables, others = environment_variables(activation.get("env"))
    tables = (project, data, target)
    places = [place for each in tables for place in named_places.of_settings(_pypi_options(each))]
    return _imported(PIXI_TOML, wanted, channels, by_pip, [*notes, *others], variables, places)


def _pypi_options(table: Mapping[str, Any]) -> Mapping[str, Any]:
    return as_mapping(table.get("pypi-options"), "pypi-options")


def _spec(name: str, value: Any, notes: list[str]) -> str:
    """Return a dependency of a pixi.toml as a spec."""
    if isinstance(value, str):
        return name if value in ("*", "") else f"{name} {value}"
    table = as_mapping(value, name)
    if set(table) & {"git", "path", "url"}:
        raise InvalidRequest(
            say("“{name}” comes from a source, which is not supported.", name=name[:60]), hint=say("Leave it out.")
        )
    keys = [f"{key}='{table[key]}'" for key in ("version", "build", "build-number", "channel") if table.get(key)]
    notes += [say("“{key}” of “{name}” is ignored.", key=key, name=name[:60]) for key in table if key not in _PIXI_KEYS]
    return f"{name}[{','.join(keys).replace('build-number', 'build_number')}]" if keys else name


_PIXI_KEYS = {"version", "build", "build-number", "channel"}
