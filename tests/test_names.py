"""Test that no two public classes of the package have the same name."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import tfenv_lab


def test_no_public_class_has_the_name_of_another() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in Path(tfenv_lab.__file__).parent.rglob("*.py")]
    names = Counter(
        node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"
    )
    assert [name for name, count in names.items() if count > 1] == []
