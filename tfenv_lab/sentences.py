"""Parts of sentences that many messages have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

#: Bytes of the units of sizes, which are decimal as on the screens.
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_PARAMETER = re.compile(r"\{(\w+)\}")
_SIZE = re.compile(r"(?P<number>[0-9]{1,18}(?:\.[0-9]+)?) ?(?P<unit>[kmgt]?b|)", re.IGNORECASE)
_CREDENTIALS = (
    (re.compile(r"//[^/\s]+@"), "//"),
    (re.compile(r"/t/[^/\s]+/"), "/t/<TOKEN>/"),
)
#: A user name, with or without a password, in the URL of a text; “git@” is the same for everybody.
_LOGIN = re.compile(r"(?<=[a-z]://)(?!git@)[^/\s\"'@]+@", re.IGNORECASE)
_TOKEN = re.compile(r"(?<=[a-z]://)([^/\s\"']+)/t/[A-Za-z0-9_-]+(?=/)", re.IGNORECASE)


class SentenceJson(TypedDict):
    """A sentence as JSON: the Sentence of the REST contract."""

    template: str
    plural: str | None
    params: Mapping[str, str | int | SentenceJson]


class Sentence(str):
    """An English sentence for the user, which knows its ``template`` and its parameters, so that it can be translated.

    In the template, ``{name}`` stands for the parameter of this name, which may be a sentence, too. The template is
    what a catalog translates, so it is a literal in the code: ``say("“{name}” is a reserved name.", name=name)``.
    A sentence that counts has ``plural``, the template for all values of the parameter ``count`` other than 1.
    ``items`` are what a sentence lists, separated by commas; a screen may show only the first of them.
    """

    template: str
    plural: str | None
    params: Mapping[str, str | int]
    items: tuple[str, ...]

    def __add__(self, other: str) -> Sentence:
        """Return both texts as one sentence, of which each part is translated by itself."""
        return _sentence("{0}{1}", None, {"0": self, "1": other})

    def __radd__(self, other: str) -> Sentence:
        """Return both texts as one sentence, of which each part is translated by itself."""
        return _sentence("{0}{1}", None, {"0": other, "1": self})

    def to_json(self) -> SentenceJson:
        """Return the template and the parameters as JSON."""
        params = {
            name: value.to_json() if isinstance(value, Sentence) else value for name, value in self.params.items()
        }
        return {"template": self.template, "plural": self.plural, "params": params}


def say(template: str, /, **params: object) -> str:
    """Return a sentence that can be translated."""
    return _sentence(template, None, params)


def say_n(one: str, many: str, /, count: int, **params: object) -> str:
    """Return a sentence that can be translated, with a template for one thing, and another for any other number."""
    return _sentence(one, many, {"count": count, **params})


def listing(template: str, items: Iterable[str], /, **params: object) -> str:
    """Return a sentence with all items in place of ``{items}``."""
    return _listed(template, None, items, params)


def listing_n(one: str, many: str, items: Iterable[str], /, **params: object) -> str:
    """Return a sentence with all items in place of ``{items}``, with one template for one item, another for more."""
    return _listed(one, many, items, params)


def _listed(template: str, plural: str | None, items: Iterable[str], params: Mapping[str, object]) -> Sentence:
    found = tuple(items)
    sentence = _sentence(template, plural, {"items": joined(", ", found), "count": len(found), **params})
    sentence.items = found
    return sentence


def joined(separator: str, texts: Iterable[str | None]) -> str:
    """Return the texts that are not empty as one; if there are sentences among them, each part is translated."""
    found = list(filter(None, texts))
    if not any(isinstance(text, Sentence) for text in found):
        return separator.join(found)
    parts = {str(number): text for number, text in enumerate(found)}
    return _sentence(separator.join(f"{{{number}}}" for number in parts), None, parts)


def filled(sentence: str, /, **params: object) -> str:
    """Return a sentence with more parameters, for one that is defined before they are known."""
    if not isinstance(sentence, Sentence):
        raise TypeError(f"{sentence!r} is not a sentence")
    return _sentence(sentence.template, sentence.plural, {**sentence.params, **params})


def sentence_of(told: SentenceJson) -> Sentence:
    """Return the sentence that :meth:`Sentence.to_json` returned as JSON."""
    params = {name: sentence_of(value) if isinstance(value, dict) else value for name, value in told["params"].items()}
    return _sentence(told["template"], told["plural"], params)


def _sentence(template: str, plural: str | None, params: Mapping[str, object]) -> Sentence:
    kept = {name: _parameter(value) for name, value in params.items()}
    chosen = template if plural is None or kept["count"] == 1 else plural
    made = Sentence(_PARAMETER.sub(lambda found: str(kept.get(found[1], found[0])), chosen))
    made.template, made.plural, made.params, made.items = template, plural, kept, ()
    return made


def _parameter(value: object) -> str | int:
    # An error stands for its sentence.
    told = value.args[0] if isinstance(value, Exception) and value.args else value
    return told if isinstance(told, (Sentence, int)) else str(value)


def parts_of(texts: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the templates and parameters of the sentences among the values of ``texts``.

    ``earlier`` are those that were known before. Of these, the ones whose texts are still the same are returned, too.
    """
    found: dict[str, Any] = {name: value.to_json() for name, value in texts.items() if isinstance(value, Sentence)}
    kept = {name: told for name, told in (earlier or {}).items() if sentence_of(told) == texts.get(name)}
    return {**kept, **found}


@dataclass(frozen=True)
class Translatable:
    """Base class of models with texts for the user.

    ``sentences`` holds the templates and parameters of the fields that are sentences. It is stored and sent with them.
    """

    sentences: dict[str, Any] = field(default_factory=dict, repr=False, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentences", parts_of(vars(self), self.sentences))

    def sentence(self, name: str) -> str | None:
        """Return the text of a field, which knows its template again if the model was stored."""
        text: str | None = getattr(self, name)
        return sentence_of(self.sentences[name]) if name in self.sentences else text


def replaced(text: str, change: Callable[[str], str]) -> str:
    """Return a text after a change; of a sentence, the parameters are changed."""
    if not isinstance(text, Sentence):
        return change(text)
    params = {name: replaced(value, change) if isinstance(value, str) else value for name, value in text.params.items()}
    changed = _sentence(text.template, text.plural, params)
    changed.items = tuple(change(item) for item in text.items)
    return changed


def some(texts: Sequence[str], limit: int) -> str:
    """Return a list that names the first few: “numpy, pandas and 3 more”."""
    named = joined(", ", texts[:limit])
    return say("{named} and {count} more", named=named, count=len(texts) - limit) if len(texts) > limit else named


def megabytes(size: int, digits: int = 1) -> str:
    """Return a number of bytes as “1,234.5 MB”."""
    return f"{size / 1e6:,.{digits}f} MB"


def bytes_in(text: int | str) -> int:
    """Return the bytes that a number or a text such as “20 GB” names. Raises ValueError if it names none."""
    found = _SIZE.fullmatch(str(text).strip())
    if not found:
        raise ValueError(f"“{text}” is not a number of bytes")
    return round(float(found["number"]) * _UNITS[found["unit"].lower()])


def duration(seconds: int) -> str:
    """Return a number of seconds as “40 s”, “3 min” or “2 h 5 min”."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def without_credentials(text: str) -> str:
    """Return ``text`` with URLs that still work, but have no user names, passwords and tokens of conda."""
    return _TOKEN.sub(r"\1", _LOGIN.sub("", text))


def redact(text: str) -> str:
    """Return ``text`` without user names, passwords and conda's ``/t/<token>/`` in its URLs."""
    return replaced(text, _redacted)


def _redacted(text: str) -> str:
    for pattern, replacement in _CREDENTIALS:
        text = pattern.sub(replacement, text)
    return text
