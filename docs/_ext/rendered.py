"""Directives that render the REST contract, the traits and the commands from the product itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CONTRACT = Path(__file__).resolve().parents[2] / "tfenv_lab" / "rest-api.yaml"
METHODS = ("get", "put", "post", "patch", "delete")


class Rendered(SphinxDirective):
    """A directive whose contents are Markdown that a function returns."""

    def lines(self) -> Iterable[str]:
        """Return the Markdown."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the Markdown in place of the directive."""
        text = "\n".join(self.lines())
        return self.parse_text_to_nodes(StringList(text.splitlines(), "rendered"), allow_section_headings=True)


class Settings(Rendered):
    """The traits of ``TfenvLab`` with their kinds, defaults and help."""

    def lines(self) -> Iterator[str]:
        """Return a section for each trait."""
        from tfenv_lab.settings import TfenvLab

        for name, trait in TfenvLab.class_own_traits(config=True).items():
            default = trait.default_value_repr()
            yield f"## `{name}`\n"
            yield f"{trait.help}\n"
            yield f"| kind | default |\n|---|---|\n| {type(trait).__name__} | `{default}` |\n"


class Commands(Rendered):
    """The commands of ``jupyter tfenv`` with their usage and options."""

    def lines(self) -> Iterator[str]:
        """Return a section for each command."""
        from tfenv_lab.cli.command import TfenvCommand
        from tfenv_lab.cli.table import commands

        for name, cls in sorted(commands().items()):
            yield f"## `{name}`\n"
            yield f"{(cls.__doc__ or '').strip()}\n"
            yield f"```text\njupyter tfenv {cls.usage}\n```\n"
            options = list(_options(cls, set(TfenvCommand.aliases) | set(TfenvCommand.flags) - {"json"}))
            if options:
                yield "| option | effect |\n|---|---|"
                yield from (f"| `{option}` | {help_} |" for option, help_ in options)
                yield ""


def _options(cls: Any, usual: set[str]) -> Iterator[tuple[str, str]]:
    """Return the options that a command has besides those of every Jupyter application."""
    for name, target in cls.aliases.items():
        if name not in usual and isinstance(target, str):
            owner, _, trait = target.partition(".")
            found = next((base for base in cls.__mro__ if base.__name__ == owner), cls)
            yield f"--{name}=…", getattr(found, trait).help
    for name, flag in cls.flags.items():
        if isinstance(name, str) and name not in usual:
            yield f"--{name}", flag[1]


class Endpoints(Rendered):
    """The endpoints of the REST contract, with their parameters, bodies and answers."""

    def lines(self) -> Iterator[str]:
        """Return a section for each path, and one for each schema."""
        contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
        for path, entry in contract["paths"].items():
            yield f"## `{path}`\n"
            for method in METHODS:
                if method in entry:
                    yield from _operation(method, entry[method], entry.get("parameters", ()), contract)
        yield "## Types\n"
        for name, schema in sorted(contract["components"]["schemas"].items()):
            yield f"(type-{name.lower()})=\n### {name}\n"
            yield f"{_plain(schema.get('description', ''))}\n"
            yield from _fields(schema)


def _operation(method: str, operation: Any, shared: Iterable[Any], contract: Any) -> Iterator[str]:
    yield f"### {method.upper()}\n"
    yield f"{_plain(operation.get('summary', ''))}\n"
    yield f"{_plain(operation.get('description', ''))}\n"
    parameters = [_resolved(each, contract) for each in (*shared, *operation.get("parameters", ()))]
    if parameters:
        yield "| parameter | in | meaning |\n|---|---|---|"
        for each in parameters:
            yield f"| `{each['name']}` | {each['in']} | {_cell(each.get('description', ''))} |"
        yield ""
    body = _resolved(operation.get("requestBody", {}), contract).get("content", {})
    for kind, content in body.items():
        yield f"Body (`{kind}`): {_type(content.get('schema', {}))}\n"
    yield "| answer | meaning | body |\n|---|---|---|"
    for status, answer in operation["responses"].items():
        found = _resolved(answer, contract)
        types = ", ".join(_type(content.get("schema", {})) for content in found.get("content", {}).values())
        yield f"| {status} | {_cell(found.get('description', ''))} | {types} |"
    yield ""


def _resolved(value: Any, contract: Any) -> Any:
    if "$ref" not in value:
        return value
    for part in value["$ref"].removeprefix("#/").split("/"):
        contract = contract[part]
    return contract


def _fields(schema: Any) -> Iterator[str]:
    if schema.get("properties"):
        required = set(schema.get("required", ()))
        yield "| field | type | meaning |\n|---|---|---|"
        for name, field in schema["properties"].items():
            mark = "" if name in required else " (optional)"
            yield f"| `{name}`{mark} | {_type(field)} | {_cell(field.get('description', ''))} |"
        yield ""
    elif "enum" in schema:
        yield "One of " + ", ".join(f"`{each}`" for each in schema["enum"]) + ".\n"
    else:
        yield f"{_type(schema)}\n"


def _type(schema: Any) -> str:
    """Return a type in a few words, with links to the types that it names."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#type-{name.lower()})"
    for key, joint in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if key in schema:
            return joint.join(_type(each) for each in schema[key])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    kinds = schema.get("type", "object")
    texts = [f"list of {_type(schema.get('items', {}))}" if kind == "array" else str(kind) for kind in _list(kinds)]
    return " or ".join(texts)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(text: str) -> str:
    """Return a description as Markdown: the contract is plain text."""
    return text.strip().replace("<", r"\<").replace("*", r"\*")


def _cell(text: str) -> str:
    return " ".join(_plain(text).split()).replace("|", r"\|")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    for name, directive in (("tfenv-settings", Settings), ("tfenv-commands", Commands), ("tfenv-endpoints", Endpoints)):
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "version": "1"}
