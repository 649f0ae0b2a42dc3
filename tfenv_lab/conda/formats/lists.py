"""Read lines of text: the list of “conda list --export”, and commands that install packages."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from ...errors import InvalidRequest
from ...pypi import named_places
from ...pypi.models import IndexLock
from ...sentences import listing, say
from ..solving import specs
from .model import COMMANDS, LIST, Imported, index_lock, requirements

_LINE = re.compile(r"[A-Za-z0-9_][\w.-]*=[\w.!+-]+=[\w.+]+")
_INSTALL = re.compile(
    r"(?:^|&&|;|\|\||\b(?:RUN|run)\b|\$|%|!|>)\s*(?:sudo\s+)?(?:[\w./-]*/)?"
    r"(?P<tool>conda|mamba|micromamba|(?:python[\d.]*\s+-m\s+)?pip[\d.]*)\s+(?:env\s+)?(?P<verb>install|create)\s"
    r"(?P<rest>[^&;|\n]*)"
)
#: Options of conda and pip that have a value.
_VALUED = {"-c", "--channel", "-n", "--name", "-p", "--prefix", "-i", "--index-url", "--extra-index-url", "-f"}
_VALUED |= {"--find-links", "--solver", "--platform", "--subdir", "-t", "--target", "--trusted-host", "--file", "-r"}
_VALUED |= {"--requirement", "--constraint", "-e", "--editable"}


def is_list(lines: Sequence[str]) -> bool:
    """Return whether the lines are those of “conda list --export”."""
    texts = [line for line in lines if line and not line.startswith("#")]
    return bool(texts) and all(_LINE.fullmatch(line) for line in texts)


def exported(lines: Sequence[str]) -> Imported:
    """Return the specs in a list of “conda list --export”; the packages of pip go to pip."""
    wanted, by_pip = [], []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        name, version, build = line.split("=")
        if build == "pypi_0" or build.startswith("<pip>"):
            by_pip.append(f"{name}=={version}")
        else:
            wanted.append(line)
    pypi, notes = requirements(by_pip)
    wanted = wanted or ["python", "pip"]
    return Imported(LIST, (), tuple(wanted), pypi=pypi, notes=tuple(notes))


def is_commands(lines: Sequence[str]) -> bool:
    """Return whether a text has a command that installs packages, and is not a YAML file."""
    text = "\n".join(lines)
    return bool(_INSTALL.search(text)) and not re.search(r"^(?:dependencies|channels|packages)\s*:", text, re.MULTILINE)


def commands(text: str) -> Imported:
    """Return the packages in the “conda install” and “pip install” commands of a text, such as a Dockerfile."""
    wanted: list[str] = []
    by_pip: list[str] = []
    channels: list[str] = []
    skipped: list[str] = []
    places: dict[str, tuple[str, ...]] = {}
    for found in _INSTALL.finditer(re.sub(r"\\\s*\n", " ", text)):
        try:
            words = shlex.split(found["rest"].strip(" `"), comments=True)
        except ValueError as error:
            raise InvalidRequest(say("“{found}” is not a command.", found=found[0].strip()[:80]), str(error)) from error
        is_pip = "pip" in found["tool"]
        of_command: list[str] = []
        rest = iter(words)
        for word in rest:
            name, equals, value = word.partition("=")
            if not word.startswith("-"):
                (by_pip if is_pip else wanted).append(word)
                of_command.append(word)
                continue
            if name in _VALUED and not equals:
                value = next(rest, "")
            if name in ("-c", "--channel") and not is_pip:
                channels.append(value)
            elif name in _VALUED - {"-n", "--name", "-p", "--prefix"} and not any(
                named_places.of_arguments([name, value]) if is_pip else ()
            ):
                skipped.append(f"{name} {value}".strip())
        if is_pip:
            places.update(index_lock(of_command, named_places.of_arguments(words)).places)
    pypi, notes = requirements(by_pip)
    if skipped:
        notes.append(listing("These options of the commands are ignored: {items}.", skipped))
    if not wanted and pypi:
        wanted = ["python", "pip"]
    if not wanted:
        raise InvalidRequest(say("The commands in the text install no packages by name."))
    parts = [specs.parts_of(spec) for spec in wanted]
    channels += [each.channel for each in parts if each.channel is not None]
    notes.append(
        say("Only the packages in “conda install” and “pip install” are read; the rest of the text is ignored.")
    )
    index = IndexLock(places=places)
    return Imported(COMMANDS, tuple(dict.fromkeys(channels)), tuple(wanted), pypi=pypi, notes=tuple(notes), index=index)
