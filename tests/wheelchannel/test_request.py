from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tfenv_lab.wheelchannel import request as module
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.request import digest, recipe


def test_the_order_of_the_interpreters_does_not_change_the_recipe(interpreter: Interpreter) -> None:
    other = replace(interpreter, version="3.99.1")
    assert recipe([interpreter, other]) == recipe([other, interpreter])


def test_everything_that_changes_the_content_changes_the_digest(
    interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = [
        [interpreter],
        [replace(interpreter, version="3.99.1")],
        [replace(interpreter, executable=Path("/opt/python"))],
        [replace(interpreter, subdir="linux-aarch64")],
        [interpreter, replace(interpreter, version="3.99.1")],
    ]
    keys = [digest(recipe(each)) for each in variants]
    monkeypatch.setattr(module, "RECIPE", module.RECIPE + 1)
    keys.append(digest(recipe(variants[0])))
    assert len(set(keys)) == len(keys)
