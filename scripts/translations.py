"""Write the template of the translations, and bring the catalogs up to date with it.

``python scripts/translations.py`` writes ``tfenv_lab/locale/tfenv_lab.pot`` from the sources. It adds new texts to the
catalog of each language (``.po``), and writes the catalog in the form that JupyterLab loads (``.json``).
"""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "tfenv_lab" / "locale"
DOMAIN = "tfenv_lab"
TEMPLATE = LOCALE / f"{DOMAIN}.pot"
#: The functions of the sources whose arguments are texts to translate.
_PYTHON = {"say": None, "say_n": (1, 2), "listing": None, "listing_n": (1, 2)}
#: One string of JavaScript, and a call of a function of JupyterLab's translations with one or two of them.
_STRING = r"""('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
_CALL = re.compile(rf"\b(?:__\(\s*{_STRING}|_n\(\s*{_STRING}\s*,\s*{_STRING})")
_DATED = r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Generated-By): .*\n'
#: The keys of the settings schema whose values JupyterLab shows.
_SCHEMA_KEYS = {"title", "description", "jupyter.lab.setting-icon-label"}


def template() -> Catalog:
    """Return the texts of the sources, without their places, which change with every line."""
    found = Catalog(project=DOMAIN, charset="utf-8", header_comment="# The texts of tfenv_lab.")
    for path in sorted((ROOT / "tfenv_lab").rglob("*.py")):
        if "labextension" not in path.parts:
            for _, text, _, _ in extract_from_file("python", path, _PYTHON):
                found.add(text)
    for path in sorted((ROOT / "src").rglob("*.ts*")):
        if "__tests__" not in path.parts:
            for texts in _CALL.findall(path.read_text(encoding="utf-8")):
                # A string of these sources is one of Python, too.
                message = [ast.literal_eval(text) for text in texts if text]
                found.add(message[0] if len(message) == 1 else tuple(message))
    for path in sorted((ROOT / "schema").glob("*.json")):
        for text in _schema_texts(json.loads(path.read_text(encoding="utf-8"))):
            found.add(text, context="schema")
    return found


def _schema_texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key in _SCHEMA_KEYS and isinstance(each, str):
                yield each
            else:
                yield from _schema_texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _schema_texts(each)


def languages() -> list[Path]:
    """Return the catalogs of the languages."""
    return sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(path: Path) -> Catalog:
    """Read a catalog, or the template."""
    language = None if path == TEMPLATE else path.parts[-3]
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def written(catalog: Catalog) -> str:
    """Return a catalog as the text of its file, in an order that does not depend on the sources' order."""
    text = io.BytesIO()
    write_po(text, catalog, width=120, no_location=True, sort_output=True, ignore_obsolete=True, omit_header=False)
    # The dates would change with every run.
    return re.sub(_DATED, "", text.getvalue().decode(), flags=re.MULTILINE)


def is_translated(message: Message) -> bool:
    """Return whether a message has all its translations."""
    return all(message.string) if isinstance(message.string, (list, tuple)) else bool(message.string)


def as_json(catalog: Catalog) -> str:
    """Return a catalog as JupyterLab loads it."""
    body: dict[str, object] = {
        "": {
            "domain": DOMAIN,
            # JupyterLab's front end looks for de-DE.
            "language": str(catalog.locale).replace("_", "-"),
            "plural_forms": catalog.plural_forms,
            "version": "",
        }
    }
    for message in sorted(catalog):
        one = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
        texts = list(message.string) if isinstance(message.string, (list, tuple)) else [message.string]
        if one and is_translated(message):
            body[f"{message.context}\x04{one}" if message.context else one] = texts
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the template and the catalogs."""
    texts = template()
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    TEMPLATE.write_text(written(texts), encoding="utf-8")
    for path in languages():
        catalog = read(path)
        catalog.update(texts, no_fuzzy_matching=True)
        path.write_text(written(catalog), encoding="utf-8")
        path.with_suffix(".json").write_text(as_json(catalog), encoding="utf-8")
        missing = sum(1 for each in catalog if each.id and not is_translated(each))
        print(f"{path.parts[-3]}: {len(catalog)} texts, {missing} of them without a translation")


if __name__ == "__main__":
    main()
