"""Read the files of Python projects: pyproject.toml, and the uv.lock next to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tomli
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement

from ...errors import InvalidRequest
from ...pypi import named_places
from ...pypi.locked import python_spec
from ...pypi.models import Distribution, IndexLock, Locked
from ...pypi.names import normalize
from ...sentences import say, some
from . import categories, origins
from .categories import MAIN
from .model import PYPROJECT, UV_LOCK, Choice, Imported, index_lock
from .untrusted import as_list, as_mapping, as_text

_HEAD = re.compile(r"^\[(?:project|build-system|dependency-groups|tool\.[^\]]+)\]", re.MULTILINE)
_UV_LOCK = re.compile(r"^version = \d+\s*$", re.MULTILINE)
#: Sources in a uv.lock that are directories.
_DIRECTORIES = ("editable", "virtual", "directory")
_EXTRAS = "optional-dependencies"
#: The key of dependency groups in a uv.lock, and in a pyproject.toml.
_GROUPS, _OWN_GROUPS = "dev-dependencies", "dependency-groups"
_DEFAULT = Choice()
#: Tools with the key of their list of indexes.
_INDEXES = {"uv": "index", "poetry": "source", "pdm": "source"}
#: Settings of uv that change what a project gets.
_IGNORED = ("constraint-dependencies", "override-dependencies", "exclude-dependencies")


def is_uv_lock(text: str) -> bool:
    """Return whether a text is a ``uv.lock``."""
    return bool(_UV_LOCK.search(text)) and "[[package]]" in text and "source = {" in text


def uv_lock(text: str, subdir: str, choice: Choice = _DEFAULT) -> Imported:
    """Read the exact packages that the project of a ``uv.lock`` needs, and a Python that their wheels fit.

    The project has its extras and dependency groups as categories.
    """
    data = _parsed(text, "uv.lock")
    if data.get("version") != 1:
        raise InvalidRequest(say("Only version 1 of uv.lock is supported."), hint=say("Update tfenv_lab."))
    packages, roots, main = _project(data)
    names = {_name(each) for each in roots}
    known = categories.of_project(roots, _EXTRAS, _GROUPS, has_main=bool(main))
    wanted = categories.chosen(known, choice)
    more = [
        need
        for each in roots
        for key in (_EXTRAS, _GROUPS)
        for name, needs in as_mapping(each.get(key), key).items()
        if name in wanted
        for need in _dependencies(needs)
    ]
    starts = [*(main if MAIN in wanted else ()), *more]
    if roots and not starts:
        raise _nothing("uv.lock", known, wanted)
    asked = [text for each in roots for text in _metadata(each)] or main
    index = IndexLock(
        tuple(_locked(each, is_optional=bool(starts)) for each in packages if _name(each) not in names),
        requested=(*(asked if MAIN in wanted else ()), *more),
        roots=tuple(starts),
    )
    python = python_spec(index, str(data.get("requires-python") or ""), subdir)
    notes = (*_itself(sorted(names)), *categories.left_out(known, wanted))
    return Imported(UV_LOCK, specs=(python,), notes=notes, index=index)


def lock_categories(text: str) -> list[str]:
    """Return the categories of the project of a ``uv.lock``, the default first."""
    _, roots, main = _project(_parsed(text, "uv.lock"))
    return categories.of_project(roots, _EXTRAS, _GROUPS, has_main=bool(main))


def _project(data: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]], list[str]]:
    """Return the packages of a ``uv.lock``, those of them that are its project, and what the project requires."""
    packages = [as_mapping(each, "package") for each in as_list(data.get("package"), "package")]
    manifest = as_mapping(data.get("manifest"), "manifest")
    roots = _roots(packages, manifest)
    main = [need for each in roots for need in _dependencies(each.get("dependencies"))]
    return packages, roots, [*main, *_texts(manifest.get("requirements"))]


def _roots(packages: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the project of a lock; the members of a workspace if it has no project of its own."""
    own = [each for each in packages if "." in (_source(each).get(kind) for kind in _DIRECTORIES)]
    members = {str(name) for name in as_list(manifest.get("members"), "members")}
    return own or [each for each in packages if _name(each) in members]


def _locked(package: Mapping[str, Any], *, is_optional: bool) -> Locked:
    name, version, source = normalize(_name(package)), str(package.get("version") or ""), _source(package)
    files = [as_mapping(each, "wheels") for each in as_list(package.get("wheels"), "wheels")]
    files += [as_mapping(package["sdist"], "sdist")] if "sdist" in package else []
    extras = as_mapping(package.get("optional-dependencies"), "package")
    found = Locked(
        name,
        version,
        tuple(_file(name, version, {**source, **each}) for each in files),
        marker=" or ".join(f"({each})" for each in as_list(package.get("resolution-markers"), "package")),
        requires=(
            *_dependencies(package.get("dependencies")),
            *(text for extra, needs in extras.items() for text in _dependencies(needs, extra)),
        ),
        is_optional=is_optional,
    )
    directory = next((str(source[kind]) for kind in _DIRECTORIES if kind in source), "")
    if "git" in source:
        return replace(found, direct=origins.git_url(f"git+{source['git']}"), files=())
    if "url" in source:
        return replace(found, direct=origins.clean(str(source["url"])))
    return replace(found, direct=directory, files=()) if directory else found


def _file(name: str, version: str, entry: Mapping[str, Any]) -> Distribution:
    """Return a file of a package; ``entry`` also has the source, which says where a single file is."""
    where, size = (
        next((str(entry[key]) for key in ("url", "path", "filename") if entry.get(key)), ""),
        entry.get("size"),
    )
    return origins.file(name, version, where, entry.get("hash"), size if isinstance(size, int) else None)


def _dependencies(value: Any, extra: str = "") -> list[str]:
    """Return dependencies in a uv.lock as requirements; those of an extra count only for it."""
    texts = []
    for need in (as_mapping(each, "dependencies") for each in as_list(value, "dependencies")):
        extras = [str(each) for each in as_list(need.get("extra"), "extra")]
        version = f"=={need['version']}" if need.get("version") else ""
        markers = [f"({need['marker']})"] if need.get("marker") else []
        markers += [f"extra == '{extra}'"] if extra else []
        texts.append(_requirement(_name(need), extras, version, " and ".join(markers)))
    return texts


def _metadata(package: Mapping[str, Any]) -> list[str]:
    """Return what a project requires, as its pyproject.toml says."""
    return _texts(as_mapping(package.get("metadata"), "metadata").get("requires-dist"))


def _texts(value: Any) -> list[str]:
    return [
        _requirement(
            _name(need), [str(each) for each in as_list(need.get("extras"), "extras")],
            str(need.get("specifier") or ""), str(need.get("marker") or ""),
        )
        for need in (as_mapping(each, "requires-dist") for each in as_list(value, "requires-dist"))
    ]  # fmt: skip


def _requirement(name: str, extras: Iterable[str], specifier: str, marker: str) -> str:
    inside = ",".join(extras)
    return f"{name}{f'[{inside}]' if inside else ''}{specifier}{f' ; {marker}' if marker else ''}"


def _name(table: Mapping[str, Any]) -> str:
    return as_text(table.get("name"), "name")


def _source(package: Mapping[str, Any]) -> Mapping[str, Any]:
    return as_mapping(package.get("source"), "source")


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise InvalidRequest(say("The file is not a valid {name}.", name=name), str(error)) from error


def _nothing(file: str, known: Sequence[str], wanted: Iterable[str]) -> InvalidRequest:
    """Return the error for categories that need no packages."""
    message = say("The project of the {file} has no dependencies in these categories.", file=file)
    others = [each for each in known if each not in wanted]
    return InvalidRequest(
        message, hint=say("Choose other categories: {others}.", others=some(others, 20)) if others else None
    )


def _itself(names: Sequence[str]) -> list[str]:
    """Return a sentence on the project that a file describes, which is not installed."""
    if not names:
        return []
    return [
        say("The project itself is left out, and only its dependencies are taken: {names}.", names=", ".join(names))
    ]


def is_pyproject(text: str) -> bool:
    """Return whether a text is a pyproject.toml that is not pixi's manifest."""
    if not _HEAD.search(text):
        return False
    try:
        data = tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError):
        return False
    project, tool = data.get("project"), data.get("tool")
    if isinstance(tool, dict) and "pixi" in tool:
        return False
    # Until 2025, the first table of a pixi.toml was called “project”, too.
    return not (isinstance(project, dict) and {"channels", "platforms"} & project.keys())


def project_categories(text: str) -> list[str]:
    """Return the categories of the project in a pyproject.toml, the default first."""
    return _categories(_parsed(text, "pyproject.toml"))


def _categories(data: Mapping[str, Any]) -> list[str]:
    project = as_mapping(data.get("project"), "project")
    tables = [{_EXTRAS: project.get(_EXTRAS), _OWN_GROUPS: data.get(_OWN_GROUPS)}]
    has_main = bool(project.get("dependencies")) or "dependencies" in as_list(project.get("dynamic"), "dynamic")
    return categories.of_project(tables, _EXTRAS, _OWN_GROUPS, has_main=has_main)


def _needs(data: Mapping[str, Any], wanted: Iterable[str]) -> list[str]:
    """Return the requirements of a project, in the order of its pyproject.toml."""
    project, groups = as_mapping(data.get("project"), "project"), as_mapping(data.get(_OWN_GROUPS), _OWN_GROUPS)
    extras = {normalize(name): value for name, value in as_mapping(project.get(_EXTRAS), _EXTRAS).items()}
    found = as_list(project.get("dependencies"), "dependencies") if MAIN in wanted else []
    todo, seen = [normalize(each) for each in sorted(wanted)], set[str]()
    while todo:
        if (extra := todo.pop(0)) in seen or extra not in extras:
            continue
        seen.add(extra)
        for item in as_list(extras[extra], _EXTRAS):
            own = _own_extras(item, str(project.get("name") or ""))
            todo += own
            found = [*found, *([] if own else [item])]
    for name in groups:
        if name in wanted:
            found = [*found, *categories.of_group(groups, name)]
    return [as_text(each, "dependencies") for each in found]


def _own_extras(text: Any, project: str) -> list[str]:
    """Return the extras of a requirement for the project itself, which stands for them."""
    try:
        need = Requirement(str(text))
    except InvalidRequirement:
        return []
    return [normalize(each) for each in need.extras] if normalize(need.name) == normalize(project) else []


def pyproject(text: str, choice: Choice = _DEFAULT) -> Imported:
    """Read the dependencies of the project in a pyproject.toml, and of the chosen extras and dependency groups."""
    data = _parsed(text, "pyproject.toml")
    project, tool = as_mapping(data.get("project"), "project"), as_mapping(data.get("tool"), "tool")
    dynamic = as_list(project.get("dynamic"), "dynamic")
    known = _categories(data)
    wanted = categories.chosen(known, choice)
    needs = _needs(data, wanted)
    if not needs:
        if "dependencies" not in dynamic and len(known) > 1:
            raise _nothing("pyproject.toml", known, wanted)
        what = say("dynamic dependencies") if "dependencies" in dynamic else say("no dependencies")
        raise InvalidRequest(
            say("The pyproject.toml has {what}: its table “project” lists none.", what=what),
            hint=say(
                "Export the packages with the project's own tool, for example as requirements.txt, and import that."
            ),
        )
    uv = as_mapping(tool.get("uv"), "uv")
    sources = {normalize(name): value for name, value in as_mapping(uv.get("sources"), "sources").items()}
    plain, direct, elsewhere = [], [], []
    for text_ in needs:
        try:
            need = Requirement(text_)
        except InvalidRequirement as error:
            raise InvalidRequest(
                say("“{text}” in “dependencies” is not a requirement.", text=text_[:80]), str(error)
            ) from error
        name, marker = normalize(need.name), str(need.marker or "")
        value = sources.get(name)
        places = [as_mapping(each, name) for each in (value if isinstance(value, list) else [value] if value else [])]
        if need.url:
            direct.append(Locked(name, "", direct=origins.clean(need.url), marker=marker))
        elif not places:
            plain.append(str(need))
        elif any("index" in place for place in places):
            elsewhere.append(say("{name} (from the index {places})", name=name, places=places[0].get("index")))
        else:
            direct += [
                Locked(name, "", direct=_place(place), marker=_both(marker, str(place.get("marker") or "")))
                for place in places
            ]
    notes = [*_itself([str(project.get("name") or "")]), *categories.left_out(known, wanted)]
    if elsewhere:
        notes.append(
            say(
                "Left out, because the file takes them from an index of their own: {elsewhere}.",
                elsewhere=", ".join(elsewhere),
            )
        )
    notes += [say("The setting “{key}” of uv is ignored.", key=key) for key in _IGNORED if uv.get(key)]
    python = python_spec(IndexLock(), str(project.get("requires-python") or ""), "")
    own = [named_places.of_settings(as_mapping(tool.get(key), key), (each,)) for key, each in _INDEXES.items()]
    named = index_lock(plain, [place for found in own for place in found])
    index = IndexLock(tuple(direct), detail="versions", places=named.places)
    return Imported(PYPROJECT, specs=(python,), pypi=tuple(plain), notes=tuple(notes), index=index)


def _place(source: Mapping[str, Any]) -> str:
    """Return where uv has a package of a project from: a URL, or a path."""
    if "git" in source:
        rev = next((str(source[key]) for key in ("rev", "tag", "branch") if source.get(key)), "")
        inside = f"#subdirectory={source['subdirectory']}" if source.get("subdirectory") else ""
        return origins.git_url(f"git+{source['git']}{f'@{rev}' if rev else ''}{inside}")
    return origins.clean(str(source.get("url") or source.get("path") or "the workspace"))


def _both(one: str, other: str) -> str:
    return " and ".join(f"({each})" for each in (one, other) if each)
