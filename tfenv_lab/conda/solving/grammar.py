"""Read a spec by conda's grammar, and say why a text is not one (CEP 29; conda/models/match_spec.py and version.py).

rattler reads most specs as conda does. The differences are translated here: what an operator means next to ``.*``,
which part is the build, and keys in brackets. The result has only what rattler reads in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rattler import Version
from rattler.exceptions import InvalidVersionError

from ...errors import InvalidSpec
from ...sentences import say

_FILE = re.compile(r"\.(?:conda|tar\.bz2|whl)(?:[#?].*)?$")
_NAME_AND_REST = re.compile(r"([^ =<>!~(]*)(.*)", re.DOTALL)
_NAME = re.compile(r"_{0,2}[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?|_", re.IGNORECASE)
#: The build is what follows the last space or “=” that does not belong to an operator.
_VERSION_AND_BUILD = re.compile(r"(.*?[^=!|,<>~ ])(?: +=?|=) *([^-=,|<>~ ]+)", re.DOTALL)
_KEY = re.compile(r"""\s*([\w-]+)\s*=\s*("[^"]*"|'[^']*'|\[[^\]]*\]|[^'",\s\]]+)\s*(?:,|\s|$)""")
_OPERATOR = re.compile(r"(===|==|=|!=|<=|>=|<|>|~=)(?![=<>!~])(.*)", re.DOTALL)
_BUILD = re.compile(r"[A-Za-z0-9_.+*]+|\^.*\$")
_NUMBER = re.compile(r"(==|!=|<=|>=|<|>|=)?(\d{1,9})")

#: Keys that only describe a package for people; conda compares them, but no channel is solved by them here.
_UNSUPPORTED = ("license", "license_family", "track_features", "features", "when", "flags", "arch", "platform", "type")
_FILE_KEYS = ("url", "fn", "file_name", "md5", "sha256")
#: Keys, and words without a value, that conda reads and that choose no package.
_WITHOUT_EFFECT = ("name", "optional", "target", "extras", "namespace")


@dataclass(frozen=True)
class Parts:
    """The parts of a spec, for rattler. ``version``, ``build`` and ``build_number`` are empty if any will do.

    ``channel`` and ``subdir`` are as they were written, or None. ``ignored`` are texts that conda reads without effect.
    """

    name: str
    version: str = ""
    build: str = ""
    build_number: str = ""
    channel: str | None = None
    subdir: str | None = None
    ignored: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The spec without channel and subdir: ``name``, ``name version`` or ``name version build``."""
        number = f'[build_number="{self.build_number}"]' if self.build_number else ""
        build = self.build or ("*" if number else "")
        return " ".join(filter(None, (self.name, self.version or ("*" if build else ""), f"{build}{number}")))


def read(text: str) -> Parts:
    """Return the parts of a spec. Raises InvalidSpec with the reason, and how to write it if that is known."""
    bare = text.partition("#")[0].strip()
    if _FILE.search(text.strip()):
        raise _refused(
            text, say("it names a file, not a package"), say("Write the name of the package and its version.")
        )
    if bare.startswith("-"):
        raise _refused(text, say("it is an option"), say("Options are pip's. Move the line to the “pip:” section."))
    bare, condition, unless = bare.partition(" if ")
    bare, keys, words = _brackets(text, bare)
    if re.match(r"[\w.-]+\s*@", bare) or re.search(r"://(?!.*::)", bare):
        raise _refused(
            text, say("it names an address"), say("Addresses are pip's. Move the line to the “pip:” section.")
        )
    ignored = [*words, *([f"if {unless.strip()}"] if condition else [])]
    optional = re.search(r"\((?:optional|target=)[^)]*\)$", bare)
    if optional:
        ignored.append(optional[0])
        bare = bare[: optional.start()]
    place, named, rest = bare.rpartition(":")
    channel = place.rpartition(":")[0].strip() if named else ""
    found = _NAME_AND_REST.fullmatch(rest.strip())
    name, constraint = (found[1], found[2].strip()) if found else ("", "")
    if not name:
        raise _refused(
            text, say("it has no package name"), say("Write a package name, as in “numpy” or “numpy>=1.26”.")
        )
    if "*" in name:
        hint = say("Use “*” only in the version or the build.")
        raise _refused(text, say("“{name}” is a pattern, but the name must be exact", name=name), hint)
    if not _NAME.fullmatch(name):
        raise _refused(text, say("“{name}” is not a package name", name=name), _meant(name, constraint))
    version, build = _split(constraint)
    version, build = keys.get("version", version), keys.get("build", build)
    subdir = keys.get("subdir")
    channel, of_channel = _subdir(keys.get("channel") or channel)
    return Parts(
        name=name.lower(),
        version=_version(text, version, has_build=bool(build)),
        build=_build(text, build),
        build_number=_number(text, keys.get("build_number", "")),
        channel=channel or None,
        subdir=subdir or of_channel,
        ignored=tuple(ignored),
    )


def _refused(text: str, reason: str, hint: str | None = None) -> InvalidSpec:
    shown = text.strip()
    return InvalidSpec(say("“{shown}” is not a package spec: {reason}.", shown=shown[:80], reason=reason), hint=hint)


def _meant(name: str, rest: str) -> str | None:
    if ";" in name + rest:
        return say("Conditions after “;” are pip's. Move the line to the “pip:” section.")
    return say("Write a package name, as in “numpy” or “numpy>=1.26”.")


def _brackets(text: str, bare: str) -> tuple[str, dict[str, str], list[str]]:
    """Split off ``[key=value, …]``: return the rest, the values by key, and what conda reads without effect."""
    start = bare.find("[")
    if start < 0:
        if "]" in bare:
            raise _refused(text, say("it has a closing bracket without an opening one"))
        return bare, {}, []
    if not bare.endswith("]"):
        # conda also takes what follows the brackets: numpy[channel=x]>=1.
        end = bare.rfind("]")
        if end < 0:
            raise _refused(text, say("it has an opening bracket without a closing one"))
        bare = bare[:start] + bare[end + 1 :] + bare[start : end + 1]
        start = bare.find("[")
    inner, bare = bare[start + 1 : -1].strip(), bare[:start].strip()
    if re.search(r"\]\s*\[", inner):
        raise _refused(
            text, say("it has several pairs of brackets"), say("Write all keys in one pair, separated by commas.")
        )
    keys: dict[str, str] = {}
    words: list[str] = []
    while inner:
        found = _KEY.match(inner)
        if found is None:
            word = re.match(r"[\w.-]+(?=\s*(?:,|$))", inner)
            if word is None:
                raise _refused(text, say("“{inner}” in the brackets is not “key=value”", inner=inner[:40]))
            words.append(f"[{word[0]}]")
            inner = inner[word.end() :].lstrip(" ,")
            continue
        key, value = found[1].lower(), found[2]
        value = value[1:-1].strip() if value[0] in "\"'" else value.strip()
        inner = inner[found.end() :].lstrip(" ,")
        if not value:
            raise _refused(text, say("“{key}” in the brackets has no value", key=key))
        if key in _FILE_KEYS:
            raise _refused(
                text, say("“{key}” names one file", key=key), say("Write the version and the build instead.")
            )
        if key in _UNSUPPORTED:
            raise _refused(
                text,
                say("the key “{key}” is not supported", key=key),
                say("Use name, version, build and build_number."),
            )
        if key in _WITHOUT_EFFECT:
            words.append(f"[{found[0].strip(' ,')}]")
        elif key in ("version", "build", "build_number", "channel", "subdir"):
            keys[key] = value
        else:
            raise _refused(
                text, say("the key “{key}” is unknown", key=key), say("Use name, version, build and build_number.")
            )
    return bare, keys, words


def _subdir(channel: str) -> tuple[str, str | None]:
    """Split ``conda-forge/linux-64`` into the channel and the subdir."""
    base, _, last = channel.rstrip("/").rpartition("/")
    if base and re.fullmatch(r"noarch|(?:linux|osx|win|emscripten|wasi|freebsd|zos)-[a-z0-9]+", last):
        return base, last
    return channel, None


def _split(constraint: str) -> tuple[str, str]:
    """Split a version from its build."""
    found = _VERSION_AND_BUILD.fullmatch(constraint)
    return (found[1], found[2]) if found else (constraint, "")


# Versions


def _version(text: str, version: str, *, has_build: bool) -> str:
    """Return a version constraint in rattler's words, with conda's meaning."""
    if apart := re.search(r"([=<>!~]+)\s+([=<>!~]+)", version):
        raise _refused(
            text, say("there is a space in an operator"), say("Write “{right}”.", right=f"{apart[1]}{apart[2]}")
        )
    version = re.sub(r"\s+(?=[,|)(<>=!~])|(?<=[,|()<>=!~])\s+", "", version.strip())
    if " " in version:
        hint = say("Write a version and a build, as in “numpy=1.26=py311*”.")
        raise _refused(text, say("“{version}” has too many parts", version=version), hint)
    if version in ("", "*", "=*", "==*"):
        return "*" if version else ""
    if set(version) <= set("=<>!~"):
        if version == "=":
            return ""
        raise _refused(text, say("no version follows “{version}”", version=version))
    exact = re.fullmatch(r"={2,}([^=<>!~].*)", version, re.DOTALL)
    if exact:
        version = exact[1]
    elif turned := re.fullmatch(r"=([<>][^=,|]+)", version):
        # conda reads “=>2” as “>2*”, which is “>=2”.
        version = turned[1] + ("" if has_build or turned[1].endswith("*") else "*")
    elif has_build and re.fullmatch(r"=[^=,|]+", version):
        # “=1.26=py311” is that version exactly, although “=1.26” is any 1.26.
        version = version[1:]
    if version.count("(") != version.count(")"):
        raise _refused(text, say("it has a parenthesis without its counterpart"))
    return "".join(
        part if part in "(),|" else _term(text, part)
        for part in re.split(r"([(),|])", _complete(text, version))
        if part
    )


def _complete(text: str, version: str) -> str:
    """Return the constraint if a version is on both sides of every comma and bar."""
    if re.search(r"^[,|)]|[,|(]$|[,|(][,|)]", version):
        raise _refused(text, say("a version is missing next to a comma or a bar"))
    return version


def _term(text: str, term: str) -> str:
    """Return one condition, such as ``>=1.26``, in rattler's words."""
    found = _OPERATOR.fullmatch(term)
    operator, version = (found[1], found[2]) if found else ("", term)
    if not found and term[0] in "=<>!~":
        sign = re.match(r"[=<>!~]+", term)
        wrong = sign[0] if sign else term
        right = "".join(sorted(wrong, key="~!<>=".find)) if len(wrong) == 2 else ""
        right = right if right in ("<=", ">=", "!=", "~=") and right != wrong else ""
        raise _refused(
            text,
            say("“{wrong}” is not an operator", wrong=wrong),
            say("Write “{right}”.", right=right) if right else None,
        )
    if (inner := re.search(r"!=|[=<>~]+", version)) and inner.start():
        if inner[0] == "=":
            build = version[inner.end() :]
            raise _refused(
                text,
                say("“{build}” is not a build string", build=build) if build else say("no build follows the last “=”"),
            )
        before, after = term[: len(operator) + inner.start()], version[inner.start() :]
        raise _refused(
            text, say("a comma is missing between two conditions"), say("Write “{right}”.", right=f"{before},{after}")
        )
    if version.startswith("^") or version.endswith("$") or "*" in version.rstrip("*"):
        hint = say("Write a range, as in “>=1.2,<2”, or “*” only at the end.")
        raise _refused(text, say("patterns such as “{version}” are not supported in a version", version=version), hint)
    starts = version.endswith("*")
    number = version.rstrip("*").removesuffix(".") if starts else version
    try:
        Version(number)
    except InvalidVersionError as error:
        raise _refused(text, say("“{version}” is not a version", version=version)) from error
    if operator == "~=":
        if starts:
            raise _refused(text, say("“~=” does not go with “*”"), say("Write “{right}”.", right=f"~={number}"))
        if "." not in number:
            raise _refused(
                text, say("“~=” needs a version of at least two parts"), say("Write “{right}”.", right=f"={number}")
            )
        return f"~={number}"
    if operator == "!=":
        return f"!={number}.*" if starts else f"!={number}"
    if operator in ("<", ">", "<=", ">="):
        # conda ignores “.*” here: >2.15.* is >2.15. But 2.15* is a version of its own, just below 2.15.
        below = starts and not version.endswith(".*")
        return f"{'>=' if operator[0] == '>' else '<'}{number}" if below else f"{operator}{number}"
    if operator == "=" or (not operator and starts):
        return f"{number}.*"
    return f"=={number}"


def _build(text: str, build: str) -> str:
    if build and not _BUILD.fullmatch(build):
        raise _refused(text, say("“{build}” is not a build string", build=build))
    return build


def _number(text: str, number: str) -> str:
    if not number or number == "*":
        return ""
    found = _NUMBER.fullmatch(number.replace(" ", ""))
    if found is None:
        raise _refused(text, say("“{number}” is not a build number", number=number))
    operator = "==" if found[1] in (None, "=") else found[1]
    return f"{operator}{int(found[2])}"
