"""The texts of the product, and the catalogs that translate them. ``python scripts/translations.py`` updates both."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli
from babel.messages.catalog import Catalog, Message
from jupyterlab_server.translation_utils import get_installed_packages_locale

from tfenv_lab import errors

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import translations  # noqa: E402

_UPDATE = "Run “python scripts/translations.py”, and translate what it reports."
_PLACEHOLDER = re.compile(r"\{\w+\}|%\d")


@pytest.fixture(scope="module")
def template() -> Catalog:
    return translations.template()


def _texts(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _translations(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_the_template_has_the_texts_of_the_sources(template: Catalog) -> None:
    assert translations.TEMPLATE.read_text(encoding="utf-8") == translations.written(template), _UPDATE


def test_no_text_has_a_percent_sign_that_jupyterlab_would_replace(template: Catalog) -> None:
    # JupyterLab's translations fill “%1” in, also where the server fills “{name}” in.
    both = [text for each in template for text in _texts(each) if re.search(r"\{\w+\}", text) and "%" in text]
    assert both == []


@pytest.mark.parametrize("path", translations.languages(), ids=lambda path: path.parts[-3])
def test_a_catalog_translates_every_text(path: Path, template: Catalog) -> None:
    catalog = translations.read(path)
    known = {(each.context, _texts(each)[0]) for each in catalog if each.id and translations.is_translated(each)}
    wanted = {(each.context, _texts(each)[0]) for each in template if each.id}
    assert wanted - known == set(), _UPDATE
    assert known - wanted == set(), _UPDATE


@pytest.mark.parametrize("path", translations.languages(), ids=lambda path: path.parts[-3])
def test_a_translation_has_the_parameters_and_the_edges_of_its_text(path: Path) -> None:
    for message in translations.read(path):
        # Languages have other numbers of plural forms than English; each has the parameters of one of its two.
        forms = {tuple(sorted(set(_PLACEHOLDER.findall(text)))) for text in _texts(message)}
        for text in _translations(message) if message.id else ():
            assert tuple(sorted(set(_PLACEHOLDER.findall(text)))) in forms, text
            assert (text[:1].isspace(), text[-1:].isspace()) == (
                _texts(message)[0][:1].isspace(),
                _texts(message)[0][-1:].isspace(),
            ), text


@pytest.mark.parametrize("path", translations.languages(), ids=lambda path: path.parts[-3])
def test_jupyterlab_finds_the_catalog(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    language = path.parts[-3]
    assert path.with_suffix(".json").read_text("utf-8") == translations.as_json(translations.read(path)), _UPDATE
    # An editable installation can be older than the entry point.
    points = tomli.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["jupyterlab.locale"]
    info = tmp_path / "tfenv_lab_locale-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tfenv_lab_locale\nVersion: 1\n")
    lines = "\n".join(f"{name} = {place}" for name, place in points.items())
    (info / "entry_points.txt").write_text(f"[jupyterlab.locale]\n{lines}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found, message = get_installed_packages_locale(language)
    assert message == ""
    assert found["tfenv_lab"] == json.loads(path.with_suffix(".json").read_text("utf-8"))


def test_the_settings_name_their_translation_domain() -> None:
    schemas = list((ROOT / "schema").glob("*.json"))
    assert schemas
    for path in schemas:
        schema = json.loads(path.read_text(encoding="utf-8"))
        assert schema["jupyter.lab.internationalization"]["domain"] == translations.DOMAIN


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / "tfenv_lab").rglob("*.py")):
        # Texts of the command line are English.
        room = path.relative_to(ROOT / "tfenv_lab").parts[0]
        if room in ("labextension", "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_text_of_an_error_or_a_warning_can_be_translated() -> None:
    shown = {each.__name__ for each in errors.subclasses(errors.TfenvError)} | {"Advice", "Problem", "Remedy"}
    plain = []
    for place, call in _calls():
        for value in [*call.args, *(each.value for each in call.keywords)]:
            parts = value.values if isinstance(value, ast.JoinedStr) else [value]
            text = "".join(str(each.value) for each in parts if isinstance(each, ast.Constant))
            if call.func.id in shown and re.search(r"[A-Za-z]+ [a-z]+", text):  # type: ignore[attr-defined]
                plain.append(f"{place}: {text}")
    assert plain == [], "Write them with say() of tfenv_lab/sentences.py."
